"""A spec from a file of rows, without a service: what a reference would teach one."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

from monitor.cli.files import ARROW, CSV, PARQUET, encoding, media_type
from monitor.core.errors import BodyError
from monitor.core.ports import Json
from monitor.core.rows import PARTS, Body, Kind
from monitor.core.spec import ModelSpec, Task
from monitor.engine.infer import infer
from monitor.service.decoder import BodyDecoder
from monitor.service.spec_wire import spec_json
from monitor.store.store import open_store

_PARTS = PARTS[Kind.REFERENCE]
_NAME = "inferred"


def inferred(file: Path, task: Task, limit: int) -> tuple[Json, int]:
    """The spec that the rows of a file show, as the wire has it, and how many rows there are.

    Columns of a table that say neither `features.` nor a part of a row are features. Raises
    BodyError where the file cannot be read, SpecError.
    """
    with TemporaryDirectory(prefix="watchkeeper-") as folder:
        store = open_store(
            Path(folder), decoder=BodyDecoder(limit), infer=infer, clock=lambda: datetime.now(UTC)
        )
        try:
            store.catalog.declare(_NAME, ModelSpec(task))
            done = store.references.put(_NAME, _body(file))
            return spec_json(store.catalog.get(_NAME)), done.accepted
        finally:
            store.close()


def _body(file: Path) -> Body:
    kind, packed = media_type(file), encoding(file)
    if kind == PARQUET:
        try:
            table = pq.read_table(file)
        except (pa.ArrowException, OSError) as problem:
            raise BodyError(f"{file} is no Parquet file: {problem}") from problem
        names = _features(table.column_names)
        if names != table.column_names:
            return Body(_stream(table.rename_columns(names)), ARROW, "")
    content = file.read_bytes()
    if kind == CSV and not packed:
        content = _renamed(content)
    return Body(content, kind, packed)


def _features(names: Iterable[str]) -> list[str]:
    """The names of columns, as those of features where they are no part of a row."""
    names = list(names)
    if any(name == "features" or name.startswith("features.") for name in names):
        return names
    return [name if name in _PARTS else f"features.{name}" for name in names]


def _stream(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _renamed(content: bytes) -> bytes:
    """A CSV whose first line names features; as it was where that line is no plain text."""
    head, end, rest = content.partition(b"\n")
    try:
        (names,) = csv.reader([head.decode("utf-8-sig").rstrip("\r")])
    except (UnicodeDecodeError, ValueError, csv.Error):
        return content
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(_features(names))
    return line.getvalue().encode() + end + rest
