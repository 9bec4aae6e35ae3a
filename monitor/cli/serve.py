"""`watchkeeper serve`: everything one machine needs, in one process."""

import logging
import os
import signal
import socket
import sys
from pathlib import Path

import click

from monitor.core.errors import SettingError
from monitor.settings import Settings, load

_GRACE_SECONDS = 30


@click.command()
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where everything is kept.")
@click.option("--host", help="Address to listen on. Default: this machine only.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one.")
@click.option(
    "--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A TOML file."
)
@click.option("--insecure", is_flag=True, default=None, help="Listen to others without any key.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]))
def serve(config: Path | None, **flags: object) -> None:
    """Start the service: API, detectors, scheduler, trainer and console.

    Settings come, in rising order, from defaults, the file, WATCHKEEPER_* variables and flags.
    Ends on SIGTERM or Ctrl-C, once every request is answered and every row is folded.

    Example: watchkeeper serve --data-dir ./watchkeeper-data --port 8000
    """
    settings = load(config, os.environ, flags)
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # says each round that waits
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # what it says, we say ourselves
    _run(settings, listening(settings))


def stopped(number: int, frame: object) -> None:
    """uvicorn stops on a signal and then raises it again: a stop that was asked for is no error."""


def listening(settings: Settings) -> socket.socket:
    """The socket, taken before anything is opened. Raises SettingError if it is not free."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as problem:
        listener.close()
        raise SettingError(
            "port", f"cannot listen on {settings.host}:{settings.port}: {problem.strerror}"
        ) from problem
    return listener


def _run(settings: Settings, listener: socket.socket) -> None:
    import uvicorn  # noqa: PLC0415  with the rooms it costs two seconds that --help need not wait

    from monitor.cli.front import Front, keyed  # noqa: PLC0415

    sys.setswitchinterval(0.0005)
    host, port = listener.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    front = Front(
        settings,
        opened=lambda: click.echo(f"Watchkeeper listens on {address}"),
        failed=lambda: setattr(server, "should_exit", True),
    )
    config = uvicorn.Config(
        keyed(front, settings),
        log_config=None,
        access_log=False,
        proxy_headers=False,
        lifespan="on",
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = uvicorn.Server(config)
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, stopped)
    try:
        server.run(sockets=[listener])
    finally:
        front.close()
    if front.problem is not None:
        raise front.problem
