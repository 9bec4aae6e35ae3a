"""`watchkeeper repair`: lets a service start that found its journal damaged."""

from pathlib import Path

import click


@click.command()
@click.option(
    "--data-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="Where the service that does not start keeps everything.",
)
def repair(data_dir: Path) -> None:
    """Set aside what is damaged in the journal of a service that was stopped.

    Rows in damaged records are lost unless they were folded before or are sent again; each record's
    bytes are kept in a file under DIR/journal/damaged. All other rows stay as they are. A copy of
    the data directory from before the damage is the better way, where there is one.

    Example: watchkeeper repair --data-dir ./watchkeeper-data
    """
    from monitor.store.repair import mended  # noqa: PLC0415  --help need not wait for it

    found = mended(data_dir)
    for each in found:
        click.echo(
            f"{each.segment}: bytes {each.first} to {each.end} were damaged and are in {each.kept}"
        )
    click.echo(f"{len(found)} damaged places set aside" if found else "nothing is damaged")
