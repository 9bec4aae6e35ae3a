"""Values as sent → typed Arrow columns, and what did not fit its column.

A value that does not fit is never lost: the column holds what could be read of it, or null, and
the value as sent stands among the misfits.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from monitor.core.rows import Column, label, microseconds
from monitor.core.spec import FeatureType

ARROW = {
    FeatureType.NUMBER: pa.float64(),
    FeatureType.BOOLEAN: pa.bool_(),
    FeatureType.CATEGORY: pa.string(),
    FeatureType.TEXT: pa.string(),
    FeatureType.TIMESTAMP: pa.timestamp("us"),
    FeatureType.EMBEDDING: pa.list_(pa.float64()),
}
SQL = {
    FeatureType.NUMBER: "DOUBLE",
    FeatureType.BOOLEAN: "BOOLEAN",
    FeatureType.CATEGORY: "VARCHAR",
    FeatureType.TEXT: "VARCHAR",
    FeatureType.TIMESTAMP: "TIMESTAMP",
    FeatureType.EMBEDDING: "DOUBLE[]",
}
_NONE = type(None)
_PLAIN: dict[
    FeatureType, set[type]
] = {  # a list of values of these types alone becomes a column at once
    FeatureType.NUMBER: {float, int, _NONE},
    FeatureType.BOOLEAN: {bool, _NONE},
    FeatureType.CATEGORY: {str, _NONE},
    FeatureType.TEXT: {str, _NONE},
}
_LARGEST_EXACT = 2**53


@dataclass(frozen=True, slots=True)
class Typed:
    """A column that fits its type, and the values that did not: (row, value as sent)."""

    values: pa.Array
    misfits: Sequence[tuple[int, object]] = ()


class _Misfit(Exception):  # noqa: N818  a signal inside this file, never an error of ours
    """This value does not fit; `readable` is what could be made of it."""

    def __init__(self, readable: object = None) -> None:
        super().__init__()
        self.readable = readable


def typed(column: Column, kind: FeatureType) -> Typed:
    """The column in its type, row by row."""
    if not isinstance(column, list):
        exact = _arrow(column, kind)
        if exact is not None:
            return Typed(exact)
        column = column.to_pylist()
    plain = _PLAIN.get(kind)
    if plain and set(map(type, column)) <= plain:
        try:
            return Typed(pa.array(column, ARROW[kind]))
        except (pa.ArrowInvalid, OverflowError, UnicodeEncodeError):
            pass  # an integer that no float holds, or text that is no Unicode: value by value
    return _each(column, kind)


def _arrow(column: Any, kind: FeatureType) -> pa.Array | None:
    """An Arrow column cast without loss; None where it must be looked at value by value."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    given = column.type
    fits = {
        FeatureType.NUMBER: pa.types.is_integer(given) or pa.types.is_floating(given),
        FeatureType.BOOLEAN: pa.types.is_boolean(given),
        FeatureType.TIMESTAMP: pa.types.is_timestamp(given),
        FeatureType.EMBEDDING: pa.types.is_list(given) and pa.types.is_floating(given.value_type),
    }.get(kind, pa.types.is_string(given) or pa.types.is_large_string(given))
    if not fits and not pa.types.is_null(given):
        return None
    try:
        return column.cast(ARROW[kind], safe=kind is not FeatureType.TIMESTAMP)
    except pa.ArrowInvalid:
        return None


def _each(column: Iterable[object], kind: FeatureType) -> Typed:
    read = _READERS[kind]
    values: list[object] = []
    misfits: list[tuple[int, object]] = []
    for row, value in enumerate(column):
        try:
            values.append(None if value is None else read(value))
        except _Misfit as misfit:
            values.append(misfit.readable)
            misfits.append((row, value))
    return Typed(pa.array(values, ARROW[kind]), misfits)


def _number(value: object) -> float:
    match value:
        case bool():
            raise _Misfit
        case float():
            return value
        case int() if abs(value) <= _LARGEST_EXACT:
            return float(value)
        case int() | str():
            try:
                raise _Misfit(float(value))
            except (ValueError, OverflowError):
                raise _Misfit from None
        case _:
            try:
                return float(value)  # type: ignore[arg-type]  # Decimal, numpy scalars
            except (TypeError, ValueError):
                raise _Misfit from None


def _boolean(value: object) -> bool:
    match value:
        case bool():
            return value
        case 0 | 1:
            return bool(value)
        case str() if value.strip().lower() in {"true", "false", "0", "1"}:
            raise _Misfit(value.strip().lower() in {"true", "1"})
        case _:
            raise _Misfit


def _text(value: object) -> str:
    match value:
        case str():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise _Misfit(value.encode("utf-8", "replace").decode()) from None
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return label(value) or ""
        case list() | dict() | bytes():
            raise _Misfit
        case _:
            return str(value)


def _timestamp(value: object) -> datetime:
    try:
        match value:
            case bool():
                raise _Misfit
            case datetime():
                return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
            case int() | float():
                return datetime.fromtimestamp(value / 1000, UTC).replace(tzinfo=None)
            case str():
                read = datetime.fromisoformat(value)
                return read.astimezone(UTC).replace(tzinfo=None) if read.tzinfo else read
            case _:
                raise _Misfit
    except (ValueError, OverflowError, OSError):
        raise _Misfit from None


def _embedding(value: object) -> list[float]:
    if not isinstance(value, list) or not all(type(v) in {int, float} for v in value):
        raise _Misfit
    return [float(v) for v in value]


_READERS: dict[FeatureType, Callable[[object], object]] = {
    FeatureType.NUMBER: _number,
    FeatureType.BOOLEAN: _boolean,
    FeatureType.CATEGORY: _text,
    FeatureType.TEXT: _text,
    FeatureType.TIMESTAMP: _timestamp,
    FeatureType.EMBEDDING: _embedding,
}


def json_texts(column: Column) -> pa.Array:
    """Each value as JSON text, null where missing; in an Arrow column each is written only once."""
    if isinstance(column, list):
        return pa.array(json_text(column), pa.string())
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    try:
        coded = column.dictionary_encode()
    except pa.ArrowNotImplementedError:
        return pa.array(json_text(column.to_pylist()), pa.string())
    return pa.array(json_text(coded.dictionary.to_pylist()), pa.string()).take(coded.indices)


def json_text(values: Iterable[object]) -> list[str | None]:
    """Each value as JSON text, None where missing; NaN and infinity as the texts of their names."""
    cache: dict[tuple[type, object], str | None] = {(_NONE, None): None}
    texts: list[str | None] = []
    for value in values:
        try:
            key = (type(value), value)
            if key not in cache:
                cache[key] = as_json(value)
            texts.append(cache[key])
        except TypeError:  # a list or an object is no key
            texts.append(as_json(value))
    return texts


def as_json(value: object) -> str:
    """One value as JSON text; what JSON does not have stands as its text."""
    if isinstance(value, float) and not np.isfinite(value):
        return '"NaN"' if np.isnan(value) else '"Infinity"' if value > 0 else '"-Infinity"'
    if isinstance(value, str):
        value = value.encode("utf-8", "replace").decode()
    return msgspec.json.encode(value, enc_hook=str).decode()


def label_of_json(text: str | None) -> str | None:
    """The class that a JSON text names."""
    return None if text is None else label(msgspec.json.decode(text))


def timestamps(column: Column | None, size: int, arrived: datetime) -> pa.Array:
    """Event times (microseconds, None where missing) with the arrival in place of the missing."""
    if column is None:
        return pa.array([microseconds(arrived)] * size, pa.int64())
    given = pa.array(column, pa.int64()) if isinstance(column, list) else column.cast(pa.int64())
    return given.fill_null(microseconds(arrived))
