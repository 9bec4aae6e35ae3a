"""`watchkeeper backup` and `restore`: a data directory as one file, and back."""

from pathlib import Path

import click

_DATA_DIR = click.option(
    "--data-dir",
    envvar="WATCHKEEPER_DATA_DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("watchkeeper-data"),
    show_default=True,
    help="Where the service keeps everything.",
)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_DATA_DIR
def backup(file: Path, data_dir: Path) -> None:
    """Write all that a stopped service keeps to FILE: rows, findings, versions, keys.

    A service that runs holds its directory; stop it first. Anybody who has FILE has its rows.

    Example: watchkeeper backup monday.wkb --data-dir ./watchkeeper-data
    """
    from monitor.cli.archive import pack  # noqa: PLC0415  --help need not wait for it

    count, size = pack(data_dir, file)
    click.echo(f"{count} files, {size:,} bytes in {file} ({file.stat().st_size:,} packed)")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_DATA_DIR
def restore(file: Path, data_dir: Path) -> None:
    """Make a data directory of FILE, which `watchkeeper backup` wrote.

    Checks every file against its digest, and leaves nothing behind if one is not as it was. The
    directory must not be there yet, or be empty.

    Example: watchkeeper restore monday.wkb --data-dir ./watchkeeper-data
    """
    from monitor.cli.archive import unpack  # noqa: PLC0415  --help need not wait for it

    count, size = unpack(file, data_dir)
    click.echo(f"{count} files, {size:,} bytes in {data_dir}")
