"""Bodies as they were sent, whatever their format and packing → rows."""

from collections.abc import Mapping
from typing import Protocol

import pyarrow as pa

from monitor.core.errors import BodyError, BodyTooLargeError, MediaTypeError
from monitor.core.rows import Body, Kind, Rows
from monitor.service.bodies_arrow import arrow_rows, parquet_rows
from monitor.service.bodies_csv import csv_rows
from monitor.service.bodies_json import json_rows, ndjson_rows

LIMIT = 256 << 20
"""Bytes that a body may have once unpacked."""
_STEP = 1 << 20
_KEPT = 8 << 20
"""Unpacked bytes that are kept before it is known how many there are."""
_CODECS = {"gzip": "gzip", "x-gzip": "gzip", "zstd": "zstd"}


class _Reader(Protocol):
    def __call__(self, content: bytes, kind: Kind, *, shallow: bool, limit: int) -> Rows: ...


READERS: Mapping[str, _Reader] = {
    "application/json": json_rows,
    "application/x-ndjson": ndjson_rows,
    "application/vnd.apache.arrow.stream": arrow_rows,
    "application/vnd.apache.parquet": parquet_rows,
    "text/csv": csv_rows,
}


def decode(body: Body, kind: Kind, *, shallow: bool = False, limit: int = LIMIT) -> Rows:
    """The rows of a body; `shallow` leaves the features out, which costs most of the time.

    `limit` bounds the unpacked size in bytes. A shallow and a deep reading of one body have the
    same size and reject the same rows; of predictions a shallow one has only ids, times, versions.

    Raises BodyError if the body cannot be read as a whole or is a reference without rows,
    BodyTooLargeError if it unpacks to more than the limit, MediaTypeError if nobody here reads its
    type or encoding.

    >>> decode(Body(b'[{"features": {"age": 41}}]'), Kind.PREDICTIONS).features
    {'age': [41]}
    """
    media_type = media_type_of(body)
    reader = READERS.get(media_type)
    if reader is None:
        raise MediaTypeError(media_type, READERS)
    content = unpack(body.content, body.encoding, limit)
    rows = reader(content, kind, shallow=shallow, limit=limit) if content else Rows(0)
    if kind is Kind.REFERENCE:
        _check_reference(rows)
    return rows


def media_type_of(body: Body) -> str:
    """Its media type without parameters; JSON where nothing is said."""
    return body.media_type.partition(";")[0].strip().lower() or "application/json"


def _check_reference(rows: Rows) -> None:
    """A reference without any row would forget what is normal, which nobody asks for so."""
    if not rows.size:
        raise BodyError("the body holds no rows; a reference needs at least one")
    if len(rows.rejected) == rows.size:
        first = rows.rejected[0]
        raise BodyError(f"no row can be read; row {first.index}: {first.error}")


def unpack(content: bytes, encoding: str, limit: int) -> bytes:
    """The content without its encodings, the last applied first taken off.

    Raises MediaTypeError for an unknown encoding, BodyError if it is damaged or cut, and
    BodyTooLargeError as soon as it passes the limit, before the rest is unpacked.
    """
    for name in reversed([e.strip().lower() for e in encoding.split(",")]):
        if name not in {"", "identity"}:
            if name not in _CODECS:
                raise MediaTypeError(name, _CODECS)
            content = _inflate(content, _CODECS[name], limit)
    if len(content) > limit:
        raise BodyTooLargeError(limit)
    return content


def _inflate(content: bytes, codec: str, limit: int) -> bytes:
    """The content unpacked. Past `_KEPT` it is measured first, so that a bomb takes no room.

    Memory that a thread has once asked for in small parts stays with that thread; what is measured
    can be asked for in one piece, which goes back to the system.
    """
    parts: list[bytes] = []
    size = 0
    try:
        stream = _stream(content, codec)
        while part := stream.read(_STEP):
            if (size := size + len(part)) > limit:
                raise BodyTooLargeError(limit)
            if size <= _KEPT:
                parts.append(part)
        if size <= _KEPT:
            return b"".join(parts)
        del parts
        whole: bytes = _stream(content, codec).read(size)
    except (OSError, pa.ArrowException) as problem:
        raise BodyError(f"the {codec} encoding is damaged or cut short: {problem}") from None
    return whole


def _stream(content: bytes, codec: str) -> pa.CompressedInputStream:
    return pa.CompressedInputStream(pa.py_buffer(content), codec)
