"""Arrow streams and Parquet files → tables → rows, with nothing unpacked past the limit."""

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from monitor.core.errors import BodyError, BodyTooLargeError
from monitor.core.rows import Kind, Rows
from monitor.service.expansion import check_batch, check_messages
from monitor.service.row_parts import RULED
from monitor.service.table_rows import named_columns, table_rows

_BATCH_ROWS = 16_384
_UNREADABLE = (pa.ArrowException, OSError, ValueError, TypeError, IndexError, KeyError)


def arrow_rows(content: bytes, kind: Kind, *, shallow: bool, limit: int) -> Rows:
    """Rows of an Arrow IPC stream. Raises BodyError, BodyTooLargeError."""
    try:
        check_messages(content, limit)
        with pa.ipc.open_stream(content) as reader:
            table = pa.Table.from_batches(_checked(reader, limit), reader.schema)
        wanted = RULED if shallow and kind is Kind.PREDICTIONS else None
        return table_rows(named_columns(table, wanted), table.num_rows, kind, shallow=shallow)
    except _UNREADABLE as problem:
        raise BodyError(f"not an Arrow stream: {_sentence(problem)}") from None


def read_table(content: bytes) -> Any:
    """The table of a stream that `arrow_rows` has read before: nothing is checked again."""
    with pa.ipc.open_stream(content) as reader:
        return reader.read_all()


def parquet_rows(content: bytes, kind: Kind, *, shallow: bool, limit: int) -> Rows:
    """Rows of a Parquet file. Raises BodyError, BodyTooLargeError."""
    try:
        texts = _check_metadata(pq.ParquetFile(pa.py_buffer(content)), limit)
        # Texts stay dictionaries in the first pass: repeats of a long one take no room.
        packed = pq.ParquetFile(pa.py_buffer(content), read_dictionary=texts)
        _checked(packed.iter_batches(_BATCH_ROWS, use_threads=False), limit, keep=False)
        table = pq.ParquetFile(pa.py_buffer(content)).read(use_threads=False)
        table.validate(full=True)
        return table_rows(named_columns(table), table.num_rows, kind, shallow=shallow)
    except _UNREADABLE as problem:
        raise BodyError(f"not a Parquet file: {_sentence(problem)}") from None


def _check_metadata(file: Any, limit: int) -> list[str]:
    """The paths of columns of text. Raises BodyTooLargeError by what the file says of itself.

    Row groups are not asked for their columns: Arrow aborts the process where those are damaged.
    """
    metadata, columns = file.metadata, [file.schema.column(i) for i in range(len(file.schema))]
    groups = range(metadata.num_row_groups)
    packed = sum(max(0, metadata.row_group(i).total_byte_size) for i in groups)
    unpacked = metadata.num_rows * sum(max(1, c.length) for c in columns)
    if max(packed, unpacked) > limit:
        raise BodyTooLargeError(limit)
    return [c.path for c in columns if c.physical_type == "BYTE_ARRAY"]


def _checked(
    batches: Iterable[pa.RecordBatch], limit: int, *, keep: bool = True
) -> list[pa.RecordBatch]:
    """The batches; none may point outside of its own buffers, as one sent by a stranger can."""
    kept, size = [], 0
    for batch in batches:
        batch.validate(full=True)
        size += check_batch(batch, limit - size)
        if keep:
            kept.append(batch)
    return kept


def _sentence(problem: Exception) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0][:200]
