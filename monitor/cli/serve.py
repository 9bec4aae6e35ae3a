"""`watchkeeper serve`: everything one machine needs, in one process."""

import os
from pathlib import Path

import click

from monitor.settings import load


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

    Example: watchkeeper serve --data-dir ./watchkeeper-data --port 8000
    """
    from monitor.serving import serve as start  # noqa: PLC0415  its imports cost a second

    start(load(config, os.environ, flags))
