"""How large Arrow data becomes when unpacked, found before it is: small bodies may hide much."""

import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor.core.errors import BodyError, BodyTooLargeError

_HEADER = 2
_PLAIN = frozenset(
    kind.id
    for kind in (
        *(pa.int8(), pa.int16(), pa.int32(), pa.int64()),
        *(pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
        *(pa.float32(), pa.float64(), pa.bool_(), pa.string(), pa.large_string()),
        *(pa.timestamp("us"), pa.date32(), pa.date64()),
    )
)
_RECORD_BATCH_PARTS = {3: (), 2: (1,)}  # Message.fbs: RecordBatch, DictionaryBatch.data


def check_messages(content: bytes, limit: int) -> None:
    """Look into the compressed buffers of an Arrow stream without unpacking them.

    Each begins with its unpacked length (Arrow columnar format, Message.fbs, BodyCompression).
    Raises BodyTooLargeError if they sum up to more than the limit.
    """
    total = 0
    for message in pa.ipc.MessageReader.open_stream(content):
        try:
            total += sum(_unpacked_lengths(bytes(message.metadata), message.body))
        except (struct.error, IndexError) as problem:
            raise BodyError(f"not an Arrow stream: {problem}") from None
        if total > limit:
            raise BodyTooLargeError(limit)


def _unpacked_lengths(metadata: bytes, body: Any) -> Iterator[int]:
    root = int(struct.unpack_from("<I", metadata)[0])
    kind = _field(metadata, root, 1)
    parts = _RECORD_BATCH_PARTS.get(metadata[kind] if kind else 0)
    if parts is None:
        return
    batch = _follow(metadata, root, _HEADER)
    for part in parts:
        batch = _follow(metadata, batch, part)
    if not _field(metadata, batch, 3):
        return
    buffers = _follow(metadata, batch, 2)
    for index in range(struct.unpack_from("<I", metadata, buffers)[0]):
        offset, length = struct.unpack_from("<qq", metadata, buffers + 4 + 16 * index)
        if length >= 8:
            if offset < 0 or offset + length > body.size:
                raise IndexError("a buffer lies outside of its message")
            yield max(length, *struct.unpack_from("<q", body, offset))


def _field(data: bytes, table: int, number: int) -> int:
    """Where a field of a FlatBuffers table stands; 0 if it is not there."""
    vtable = table - struct.unpack_from("<i", data, table)[0]
    if vtable < 0:
        raise IndexError("a table lies outside of its message")
    if 4 + 2 * number >= struct.unpack_from("<H", data, vtable)[0]:
        return 0
    place = struct.unpack_from("<H", data, vtable + 4 + 2 * number)[0]
    return int(table + place) if place else 0


def _follow(data: bytes, table: int, number: int) -> int:
    place = _field(data, table, number)
    if not place:
        raise IndexError("a message has no header or no buffers")
    offset: int = struct.unpack_from("<I", data, place)[0]
    return place + offset


def check_batch(batch: Any, limit: int) -> int:
    """Bytes that the batch has when every value stands for itself, at least one a cell.

    Raises BodyTooLargeError past the limit, BodyError for a type that nobody here reads.
    """
    total: int = batch.num_rows * max(1, batch.num_columns)
    if all(map(_is_plain, batch.schema.types)):
        total += int(batch.nbytes)
        if total > limit:
            raise BodyTooLargeError(limit)
        return total
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if total > limit:
            break
        try:
            total += _size(column)
        except pa.ArrowNotImplementedError:
            raise BodyError(f"column {name!r}: values of type {column.type} are not read") from None
    if total > limit:
        raise BodyTooLargeError(limit)
    return total


def _is_plain(kind: pa.DataType) -> bool:
    """Whether every value of a type stands for itself in its buffers."""
    if pa.types.is_struct(kind):
        return all(_is_plain(kind.field(i).type) for i in range(kind.num_fields))
    return kind.id in _PLAIN


def _size(array: Any) -> int:
    for fits, measure in _MEASURES:
        if any(f(array.type) for f in fits):
            return measure(array)
    if isinstance(array, pa.ExtensionArray):
        return _size(array.storage)
    if pa.types.is_nested(array.type) or pa.types.is_run_end_encoded(array.type):
        raise pa.ArrowNotImplementedError("union, list view, run ends")
    return int(array.nbytes)


def _of_dictionary(array: Any) -> int:
    return int(pc.sum(_lengths(array.dictionary).take(array.indices)).as_py() or 0)


def _of_views(array: Any) -> int:
    return int(pc.sum(_lengths(array)).as_py() or 0)


_MEASURES: tuple[tuple[tuple[Callable[[Any], bool], ...], Callable[[Any], int]], ...] = (
    ((pa.types.is_dictionary,), _of_dictionary),
    ((pa.types.is_string_view, pa.types.is_binary_view), _of_views),
    ((pa.types.is_struct,), lambda a: sum(len(a) + _size(c) for c in a.flatten())),
    ((pa.types.is_map,), lambda a: _size(a.keys) + _size(a.items) + 8 * len(a)),
    (
        (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list),
        lambda a: _size(a.flatten()) + 8 * len(a),
    ),
)


def _lengths(array: Any) -> Any:
    """The bytes of each value, an Arrow array of 64-bit integers."""
    kind = array.type
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        # A view is 16 bytes; the first four are the length of its text.
        views = np.frombuffer(array.buffers()[1], np.int32)[::4]
        return pa.array(views[array.offset : array.offset + len(array)].astype(np.int64))
    if pa.types.is_nested(kind) or pa.types.is_run_end_encoded(kind):
        raise pa.ArrowNotImplementedError("a dictionary of nested values")
    try:
        return pc.binary_length(array).cast(pa.int64())
    except pa.ArrowNotImplementedError:
        return pa.array(np.full(len(array), 8, np.int64))
