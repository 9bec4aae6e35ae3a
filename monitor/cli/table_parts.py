"""Parquet and Arrow files as parts, each an Arrow stream of a few record batches' rows."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from monitor.cli.columns import Columns
from monitor.cli.files import ARROW, MadeIds
from monitor.cli.parts import BYTES, ROWS, Part

_ARROW_FILE = b"ARROW1"


def parquet_parts(file: Path, columns: Columns, ids: MadeIds) -> Iterator[Part]:
    """The parts of a Parquet file."""
    # Read through a buffer: else a row group, which may be all of the file, is in memory at once.
    source = pq.ParquetFile(file, pre_buffer=False, buffer_size=1 << 20)
    metadata = source.metadata
    size = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    batches = source.iter_batches(_step(metadata.num_rows, size), use_threads=False)
    yield from _of_batches(batches, source.schema_arrow, metadata.num_rows, file, columns, ids)


def arrow_parts(file: Path, columns: Columns, ids: MadeIds) -> Iterator[Part]:
    """The parts of an Arrow file or stream."""
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
