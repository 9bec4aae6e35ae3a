"""`watchkeeper log` and `actuals`: send files of rows, in parts, with progress."""

import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import click
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from rich.progress import Progress

from monitor.cli.connection import Connection, connected
from monitor.core.errors import BodyError

ARROW = "application/vnd.apache.arrow.stream"
_MEDIA_TYPES = {
    ".parquet": "application/vnd.apache.parquet",
    ".csv": "text/csv",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".json": "application/json",
    ".arrow": ARROW,
    ".arrows": ARROW,
}
_ROWS = 20_000


def media_type(file: Path) -> str:
    """The media type of a file by its ending. Raises UsageError for one we do not know."""
    try:
        return _MEDIA_TYPES[file.suffix.lower()]
    except KeyError:
        known = ", ".join(sorted(_MEDIA_TYPES))
        raise click.UsageError(f"cannot tell what {file.name} is; known endings: {known}") from None


def parts(file: Path) -> Iterator[tuple[str, bytes]]:
    """A file as bodies of a bounded size: media type and bytes."""
    kind = media_type(file)
    try:
        if kind == "application/x-ndjson":
            with file.open("rb") as lines:
                while some := list(islice(lines, _ROWS)):
                    yield kind, b"".join(some)
        elif kind == "application/vnd.apache.parquet":
            for batch in pq.ParquetFile(file).iter_batches(_ROWS):
                yield ARROW, _stream(batch)
        elif kind == "text/csv":
            for batch in pa.csv.open_csv(file):
                yield ARROW, _stream(batch)
        else:
            yield kind, file.read_bytes()
    except pa.ArrowInvalid as problem:
        raise BodyError(f"cannot read {file}: {problem}") from problem


def _stream(batch: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def _send(connection: Connection, route: str, files: Sequence[Path]) -> None:
    accepted = duplicates = rejected = 0
    with Progress(disable=not sys.stderr.isatty()) as progress:
        for file in files:
            task = progress.add_task(file.name, total=None)
            for kind, content in parts(file):
                done = connection.ask(
                    "POST", route, content=content, headers={"Content-Type": kind}
                )
                accepted += done["accepted"]
                duplicates += done["duplicates"]
                rejected += len(done["rejected"])
                for row in done["rejected"][:3]:
                    progress.console.print(f"{file.name}: row {row['index']}: {row['error']}")
                progress.advance(task, done["accepted"])
    click.echo(f"{accepted} rows, {duplicates} sent before, {rejected} rejected")


_FILES = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("files", nargs=-1, required=True, type=_FILES)
@click.option("--model", required=True, help="The model that made these predictions.")
@connected
def log(files: tuple[Path, ...], model: str, url: str, api_key: str | None) -> None:
    """Send FILES of predictions (Parquet, CSV, NDJSON, JSON or Arrow).

    May be repeated: rows with an id that was sent before are counted and change nothing.

    Example: watchkeeper log --model loans january.parquet february.parquet
    """
    _send(Connection(url, api_key), f"/v1/models/{model}/predictions", files)


@click.command()
@click.argument("files", nargs=-1, required=True, type=_FILES)
@click.option("--model", required=True, help="The model whose predictions came true, or not.")
@connected
def actuals(files: tuple[Path, ...], model: str, url: str, api_key: str | None) -> None:
    """Send FILES of actuals: prediction_id, actual and, where known, timestamp.

    Example: watchkeeper actuals --model loans labels.csv
    """
    _send(Connection(url, api_key), f"/v1/models/{model}/actuals", files)
