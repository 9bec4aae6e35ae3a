"""`watchkeeper log` and `actuals`: send files of rows, in parts, with progress."""

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import click
import pyarrow as pa
import pyarrow.parquet as pq
from rich.progress import Progress

from monitor.cli.connection import Connection, connected
from monitor.core.errors import BodyError

ARROW = "application/vnd.apache.arrow.stream"
_CSV = "text/csv"
_MEDIA_TYPES = {
    ".parquet": "application/vnd.apache.parquet",
    ".csv": _CSV,
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".json": "application/json",
    ".arrow": ARROW,
    ".arrows": ARROW,
}
_ROWS = 20_000
_BYTES = 8 << 20


def media_type(file: Path) -> str:
    """The media type of a file by its ending. Raises UsageError for one we do not know."""
    try:
        return _MEDIA_TYPES[file.suffix.lower()]
    except KeyError:
        known = ", ".join(sorted(_MEDIA_TYPES))
        raise click.UsageError(f"cannot tell what {file.name} is; known endings: {known}") from None


def parts(file: Path) -> Iterator[tuple[str, bytes]]:
    """A file as bodies of a bounded size: media type and bytes.

    Raises UsageError for an unknown ending, BodyError for a file that cannot be read.
    """
    kind = media_type(file)
    try:
        if kind == "application/x-ndjson":
            with file.open("rb") as lines:
                while some := list(islice(lines, _ROWS)):
                    yield kind, b"".join(some)
        elif kind == "application/vnd.apache.parquet":
            for batch in pq.ParquetFile(file).iter_batches(_ROWS):
                yield ARROW, _stream(batch)
        elif kind == _CSV:
            # surrogateescape: bytes that are no UTF-8 arrive as they are, and the service says so
            with file.open(encoding="utf-8", errors="surrogateescape", newline="") as lines:
                for part in _csv_parts(lines):
                    yield kind, part.encode("utf-8", "surrogateescape")
        else:
            yield kind, file.read_bytes()
    except (OSError, pa.ArrowException, csv.Error) as problem:
        said = (str(problem).splitlines() or [type(problem).__name__])[0][:200]
        raise BodyError(f"cannot read {file}: {said}") from problem


def _csv_parts(lines: Iterable[str]) -> Iterator[str]:
    """CSV files of a bounded size, each with the header; no value is read, so none changes."""
    records = _records(lines)
    header = next((record for record in records if record.strip()), "")
    some, size, is_first = [header], 0, True
    for record in records:
        some.append(record)
        size += len(record)
        if len(some) > _ROWS or size >= _BYTES:
            yield "".join(some)
            some, size, is_first = [header], 0, False
    if len(some) > 1 or (header and is_first):
        yield "".join(some)


def _records(lines: Iterable[str]) -> Iterator[str]:
    """The text of each record: a line, or several where a quoted cell holds line ends."""
    taken: list[str] = []

    def take() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line

    for _ in csv.reader(take()):
        yield "".join(taken)
        taken.clear()


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
            before = 0
            for kind, content in parts(file):
                done = connection.ask(
                    "POST", route, content=content, headers={"Content-Type": kind}
                )
                accepted += done["accepted"]
                duplicates += done["duplicates"]
                rejected += len(done["rejected"])
                for row in done["rejected"][:3]:
                    index = before + row["index"]
                    progress.console.print(f"{file.name}: row {index}: {row['error']}")
                before += done["accepted"] + done["duplicates"] + len(done["rejected"])
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
