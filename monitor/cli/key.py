"""`watchkeeper key`: makes, lists and revokes keys of a data directory."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from monitor.service.key_file import FILE, KeyFile


def _of_directory(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option that names a data directory."""
    return click.option(
        "--data-dir",
        envvar="WATCHKEEPER_DATA_DIR",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("watchkeeper-data"),
        show_default=True,
        help="Where the service keeps everything.",
    )(command)


@click.group()
def key() -> None:
    """Make, list and revoke the keys that a service asks for.

    A service that runs takes changes over at once. From the first key on nobody comes in without
    one, also when all were revoked; WATCHKEEPER_API_KEYS holds further keys.

    Example: watchkeeper key add ci --data-dir ./watchkeeper-data
    """


@key.command("add")
@click.argument("name")
@_of_directory
def add(name: str, data_dir: Path) -> None:
    """Make a key called NAME and print it, this once: only its digest is kept.

    Example: watchkeeper key add ci
    """
    click.echo(KeyFile(data_dir / FILE).add(name, datetime.now(UTC)))


@key.command("list")
@_of_directory
def list_keys(data_dir: Path) -> None:
    """List the names of the keys, and when each was made.

    Example: watchkeeper key list
    """
    for held in KeyFile(data_dir / FILE).held():
        click.echo(f"{held.name}  {held.created_at:%Y-%m-%dT%H:%M:%SZ}")


@key.command("revoke")
@click.argument("name")
@_of_directory
def revoke(name: str, data_dir: Path) -> None:
    """Let the key NAME open nothing from now on.

    Example: watchkeeper key revoke ci
    """
    KeyFile(data_dir / FILE).revoke(name)
    click.echo(f"{name} is revoked")
