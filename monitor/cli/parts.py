"""A file of rows as bodies of a bounded size, whatever its own: only one is in memory at a time.

Rows without an id get one that is made of the file's content and the number of the row, so that
the same file sent again doubles nothing. No value is changed on the way.
"""

import csv
import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from monitor.cli.columns import PREFIX, Columns
from monitor.cli.files import ARROW, CSV, JSON, NDJSON, PARQUET, MadeIds, media_type, unpacked
from monitor.core.errors import BodyError

ROWS = 20_000
BYTES = 8 << 20
_LARGEST_JSON = 256 << 20
_LONGEST = 64 << 20
"""Bytes of a line; what is longer is cut there, and refused by the service."""
_LEFT_OUT = "left out."
_ARROW_FILE = b"ARROW1"
_BROKEN = (OSError, EOFError, zlib.error, pa.ArrowException, csv.Error, zstandard.ZstdError)


@dataclass(frozen=True, slots=True)
class Part:
    """A body: its rows, where each stood (a line, else the number of the row), and how far it is.

    `done` is the share of the file that has been read, 0 to 1.
    """

    media_type: str
    content: bytes
    places: Sequence[int]
    done: float


_Reader = Callable[[Path, Columns, MadeIds], Iterator[Part]]


@dataclass(frozen=True, slots=True)
class _Record:
    """One row as text, and the line that it begins in."""

    content: bytes
    line: int
    done: float = 0.0


def parts(file: Path, columns: Columns) -> Iterator[Part]:
    """The parts of a file, in order.

    Raises UsageError for an unknown ending or column, BodyError for a file that cannot be read.
    """
    read = _READERS[media_type(file)]
    try:
        yield from read(file, columns, MadeIds(file))
    except _BROKEN as problem:
        said = (str(problem).splitlines() or [type(problem).__name__])[0][:200]
        raise BodyError(f"cannot read {file}: {said}") from problem


def _bodies(records: Iterable[_Record], kind: str, head: bytes = b"") -> Iterator[Part]:
    """Records as parts; each begins with the head."""
    some: list[_Record] = []
    size = 0
    for record in records:
        some.append(record)
        size += len(record.content)
        if len(some) >= ROWS or size >= BYTES:
            yield _part(some, kind, head)
            some, size = [], 0
    if some:
        yield _part(some, kind, head)


def _part(records: Sequence[_Record], kind: str, head: bytes) -> Part:
    content = b"".join((head, *(record.content for record in records)))
    return Part(kind, content, [record.line for record in records], records[-1].done)


def _of_csv(file: Path, columns: Columns, ids: MadeIds) -> Iterator[Part]:
    size = max(1, file.stat().st_size)
    with unpacked(file) as (content, raw):
        # surrogateescape: bytes that are no UTF-8 arrive as they are, and the service says so
        text = io.TextIOWrapper(content, "utf-8", "surrogateescape", newline="")
        records = _records(iter(partial(text.readline, _LONGEST), ""))
        names, _, _ = next(records, ([], "", 0))
        if not names:
            return
        names[0] = names[0].removeprefix("\ufeff")
        columns.check(names, file.name)
        named = [name or f"{_LEFT_OUT}{i}" for i, name in enumerate(columns.named(names))]
        place = names.index(columns.id) if columns.id in names else None
        head = _line(named if place is not None else ["prediction_id", *named])
        rows = _csv_rows(records, place, ids)
        yield from _bodies((_Record(r, n, raw.tell() / size) for r, n in rows), CSV, head)


def _csv_rows(
    records: Iterable[tuple[list[str], str, int]], place: int | None, ids: MadeIds
) -> Iterator[tuple[bytes, int]]:
    """Each record with its id; one that has it is as it was written."""
    for number, (cells, text, line) in enumerate(records):
        ended = text if text.endswith(("\n", "\r")) else f"{text}\n"
        if place is None:
            yield _encoded(f"{ids[number]},{ended}"), line
        elif place < len(cells) and not cells[place]:
            cells[place] = ids[number]
            yield _line(cells), line
        else:
            yield _encoded(ended), line


def _line(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return _encoded(text.getvalue())


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _records(lines: Iterable[str]) -> Iterator[tuple[list[str], str, int]]:
    """Cells, text and first line of each record; a cell may hold line ends."""
    taken: list[str] = []

    def take() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line

    begin = 1
    for cells in csv.reader(take()):
        if cells:
            yield cells, "".join(taken), begin
        begin += len(taken)
        taken.clear()


def _of_ndjson(file: Path, columns: Columns, ids: MadeIds) -> Iterator[Part]:
    size = max(1, file.stat().st_size)
    with unpacked(file) as (content, raw):
        lines = enumerate(iter(partial(content.readline, _LONGEST), b""), 1)
        told = ((n, line.removeprefix(b"\xef\xbb\xbf") if n == 1 else line) for n, line in lines)
        rows = ((n, line) for n, line in told if line.strip())
        records = (
            _Record(_as_row(line, columns, partial(ids.__getitem__, number)), n, raw.tell() / size)
            for number, (n, line) in enumerate(rows)
        )
        yield from _bodies(records, NDJSON)


def _of_json(file: Path, columns: Columns, ids: MadeIds) -> Iterator[Part]:
    """An array of objects or one object; columns are sent as they are."""
    with unpacked(file) as (content, _):
        text = content.read(_LARGEST_JSON + 1)
    if len(text) > _LARGEST_JSON:
        raise BodyError(f"{file} is too large for one JSON document; write NDJSON instead")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise BodyError(f"cannot read {file}: not JSON: {problem}") from None
    if isinstance(document, dict) and "columns" in document:
        yield Part(JSON, text, range(1, 1), 1.0)
        return
    rows = document if isinstance(document, list) else [document]
    records = (
        _Record(
            _as_row(json.dumps(row).encode(), columns, partial(ids.__getitem__, number)), number
        )
        for number, row in enumerate(rows)
    )
    yield from _bodies(records, NDJSON)


_NULL = msgspec.Raw(b"null")
_read_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def _as_row(line: bytes, columns: Columns, made_id: Callable[[], str]) -> bytes:
    """An object as the service reads it, its values as they were; what is none stays as it is."""
    encode: Any = msgspec.json.encode
    try:
        sent: Mapping[str, Any] = _read_object(line)
    except msgspec.MsgspecError:  # NaN, or no object at all
        try:
            sent, encode = json.loads(line), lambda row: json.dumps(row).encode()
        except (ValueError, RecursionError):
            return _ended(line)
    if not isinstance(sent, dict):
        return _ended(line)
    row: dict[str, Any] = {}
    features: dict[str, Any] = {}
    for name, wire in zip(sent, columns.named(list(sent)), strict=True):
        if wire and wire.startswith(PREFIX):
            features[wire.removeprefix(PREFIX)] = sent[name]
        elif wire:
            row[wire] = sent[name]
    if features:
        row["features"] = _packed(row.get("features")) | features
    if row.get("prediction_id") in (None, _NULL):
        row["prediction_id"] = made_id()
    return _ended(encode(row))


def _packed(features: object) -> dict[str, Any]:
    """The features that stood together, where others of the same row stood alone."""
    if isinstance(features, msgspec.Raw) and bytes(features)[:1] == b"{":
        return _read_object(features)
    return features if isinstance(features, dict) else {}


def _ended(line: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + b"\n"


def _of_parquet(file: Path, columns: Columns, ids: MadeIds) -> Iterator[Part]:
    source = pq.ParquetFile(file, pre_buffer=False)
    metadata = source.metadata
    size = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    batches = source.iter_batches(_step(metadata.num_rows, size), use_threads=False)
    yield from _of_batches(batches, source.schema_arrow, metadata.num_rows, file, columns, ids)


def _of_arrow(file: Path, columns: Columns, ids: MadeIds) -> Iterator[Part]:
    with pa.memory_map(str(file)) as source:
        if source.read(len(_ARROW_FILE)) == _ARROW_FILE:
            whole = pa.ipc.open_file(source)
            batches = (whole.get_batch(i) for i in range(whole.num_record_batches))
            yield from _of_batches(batches, whole.schema, 0, file, columns, ids)
            return
        source.seek(0)
        with pa.ipc.open_stream(source) as stream:
            yield from _of_batches(stream, stream.schema, 0, file, columns, ids)


def _step(rows: int, size: int) -> int:
    """How many rows of so many bytes make a part."""
    return max(1, min(ROWS, BYTES * rows // max(1, size)))


def _of_batches(
    batches: Iterable[Any], schema: Any, rows: int, file: Path, columns: Columns, ids: MadeIds
) -> Iterator[Part]:
    columns.check(schema.names, file.name)
    named = columns.named(schema.names)
    before = 0
    for whole in batches:
        step = _step(whole.num_rows, whole.nbytes)
        for start in range(0, whole.num_rows, step):
            batch = whole.slice(start, step)
            places = range(before, before + batch.num_rows)
            before += batch.num_rows
            content = _stream(_named(batch, named, ids, places))
            yield Part(ARROW, content, places, before / rows if rows else 0.0)


def _named(batch: Any, named: Sequence[str | None], ids: MadeIds, places: Sequence[int]) -> Any:
    """The batch under its names on the wire, each row with an id."""
    kept = [(name, batch.column(i)) for i, name in enumerate(named) if name is not None]
    given = dict(kept).get("prediction_id")
    if given is None:
        kept.append(("prediction_id", pa.array([ids[place] for place in places], pa.string())))
    elif given.null_count:
        texts = [
            ids[place] if value is None else str(value)
            for value, place in zip(given.to_pylist(), places, strict=True)
        ]
        made = pa.array(texts, pa.string())
        kept = [(name, made if name == "prediction_id" else column) for name, column in kept]
    return pa.record_batch([column for _, column in kept], names=[name for name, _ in kept])


def _stream(batch: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


_READERS: Mapping[str, _Reader] = {
    CSV: _of_csv,
    NDJSON: _of_ndjson,
    JSON: _of_json,
    PARQUET: _of_parquet,
    ARROW: _of_arrow,
}
