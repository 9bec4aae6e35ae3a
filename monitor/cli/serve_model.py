"""`watchkeeper serve-model`: a champion served apart from the service."""

import os
import signal
import socket
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.serve import listening, stopped
from monitor.settings import Settings, load

if TYPE_CHECKING:
    from monitor.cli.model_server import ModelServer


@click.command("serve-model")
@click.argument("model")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Whose champion answers.")
@click.option("--artefact", type=click.Path(path_type=Path), help="Or: one packaged model.")
@click.option("--version", "name", help="The version that an artefact answers as.")
@click.option("--log-to", metavar="URL", help="The service that answers are logged to.")
@click.option("--host", help="Address to listen on. Default: this machine only.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one.")
@click.option("--insecure", is_flag=True, default=None, help="Listen to others without any key.")
def serve_model(
    model: str,
    data_dir: Path | None,
    artefact: Path | None,
    name: str | None,
    log_to: str | None,
    **flags: object,
) -> None:
    """Answer for MODEL in a process of its own: /v1/models/MODEL/predict and /v2/models/MODEL.

    Each new champion of --data-dir (which a service on this machine or volume keeps) takes over
    within a second; a pause of the service is none of the model's. Answers go to --log-to in the
    background. Keys come from WATCHKEEPER_API_KEYS, that of --log-to from WATCHKEEPER_API_KEY.

    Example: watchkeeper serve-model loans --data-dir ./watchkeeper-data --port 8001
    """
    if (data_dir is None) == (artefact is None):
        raise click.UsageError("give either --data-dir or --artefact")
    settings = load(None, os.environ, flags)
    from monitor.cli.model_server import ModelServer  # noqa: PLC0415  costs seconds --help need not

    server = ModelServer(model, _client(log_to, model))
    with closing(server), listening(settings) as listener:
        if artefact is not None:
            server.hold(artefact, name)
        elif data_dir is not None:
            server.follow(data_dir)
        _run(server, settings, listener)


def _client(url: str | None, model: str) -> object:
    if url is None:
        return None
    import watchkeeper  # noqa: PLC0415  as a user's program does

    try:
        return watchkeeper.Client(url, model=model)
    except ValueError as problem:
        raise click.UsageError(str(problem)) from problem


def _run(server: "ModelServer", settings: Settings, listener: socket.socket) -> None:
    import uvicorn  # noqa: PLC0415

    from monitor.cli.model_server import create_app  # noqa: PLC0415
    from monitor.service.keys import ApiKeys  # noqa: PLC0415

    app = create_app(server, settings.max_body_bytes)
    host, port = listener.getsockname()[:2]
    click.echo(
        f"Watchkeeper serves a model at http://{f'[{host}]' if ':' in host else host}:{port}"
    )
    config = uvicorn.Config(ApiKeys(app, settings.api_keys), log_config=None, access_log=False)
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, stopped)
    uvicorn.Server(config).run(sockets=[listener])
