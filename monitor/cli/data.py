"""`watchkeeper log` and `actuals`: send files of rows, however large, with progress."""

from collections.abc import Callable
from typing import Any

import click

from monitor.cli.bulk import Count, send
from monitor.cli.columns import Columns, mapping
from monitor.cli.connection import Connection, connected
from monitor.cli.files import found
from monitor.core.rows import Kind

_MODEL = "The model that made these predictions."
_MAP = "Where a part of a row has another name: timestamp=when. Repeat it for more."
_FEATURE = "A column that is a feature; without it all are that are nothing else. Repeat it."


def _of_files(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command files, a model and names for their columns."""
    for option in (
        click.option("--map", "maps", multiple=True, metavar="PART=COLUMN", help=_MAP),
        click.option("--model", required=True, help=_MODEL),
        click.argument("files", nargs=-1, required=True),
    ):
        command = option(command)
    return command


@click.command()
@_of_files
@click.option("--feature", "features", multiple=True, metavar="COLUMN", help=_FEATURE)
@connected
def log(
    files: tuple[str, ...],
    model: str,
    maps: tuple[str, ...],
    features: tuple[str, ...],
    url: str,
    api_key: str | None,
) -> None:
    """Send FILES of predictions: Parquet, CSV, NDJSON, JSON or Arrow, texts also as .gz or .zst.

    Columns are called as in the API: prediction_id, timestamp, version, prediction, score,
    latency_ms, tags, and features.NAME or a struct `features`. Where nothing is called so, every
    other column is a feature. A column `actual` is left to the command `actuals`.

    May be repeated, also after it was stopped: rows that are stored already are counted and change
    nothing. A row without prediction_id gets one made of the file's content and its number, so a
    file that was changed is another one. Exits 1 if a row was rejected.

    Example: watchkeeper log --model loans --map timestamp=when '2026-*.parquet'
    """
    columns = Columns(Kind.PREDICTIONS, mapping(maps), features)
    with Connection(url, api_key) as connection:
        _report(send(connection, _route(model, columns), found(files), columns))


@click.command()
@_of_files
@connected
def actuals(
    files: tuple[str, ...], model: str, maps: tuple[str, ...], url: str, api_key: str | None
) -> None:
    """Send FILES of actuals: prediction_id, actual and, where known, timestamp.

    Files may be those that `log` sent: rows without prediction_id get the same one again.
    May be repeated. Exits 1 if a row was rejected.

    Example: watchkeeper actuals --model loans --map actual=defaulted labels.csv
    """
    columns = Columns(Kind.ACTUALS, mapping(maps))
    with Connection(url, api_key) as connection:
        _report(send(connection, _route(model, columns), found(files), columns))


def _route(model: str, columns: Columns) -> str:
    return f"/v1/models/{model}/{columns.kind}"


def _report(count: Count) -> None:
    reasons = ", ".join(f"{name} {n}" for name, n in sorted(count.reasons.items()))
    told = f" ({reasons})" if reasons else ""
    click.echo(
        f"{count.accepted} rows, {count.duplicates} sent before, {count.rejected} rejected{told}"
    )
    if count.rejected:
        raise click.exceptions.Exit(1)
