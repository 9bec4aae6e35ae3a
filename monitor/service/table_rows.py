"""Columns of a table → rows: which are features, which are parts, and what must hold of them."""

from collections.abc import Callable, Container, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor.core.errors import BodyError, nearest
from monitor.core.rows import PARTS, Column, Kind, Rows, moment
from monitor.service.one_piece import whole
from monitor.service.row_parts import (
    FIRST,
    FIRST_EVENT,
    LAST,
    LAST_EVENT,
    NO_OBJECT,
    OUTSIDE,
    RULED,
    Faults,
    part,
    require,
    rows_of,
)

_PREFIX = "features."
_UNITS = {"s": 1_000_000, "ms": 1_000, "us": 1}
_DAY = 86_400_000_000


def named_columns(table: pa.Table, wanted: Container[str] | None = None) -> dict[str, Column]:
    """The columns by name, those wanted in one piece, without saying so all.

    Raises BodyError if two share a name.
    """
    columns: dict[str, Column] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if name in columns:
            raise BodyError(f"column {name!r} stands there twice")
        columns[name] = whole(column) if wanted is None or name in wanted else column
    return columns


def table_rows(
    columns: Mapping[str, Column],
    size: int,
    kind: Kind,
    *,
    shallow: bool,
    faults: Faults | None = None,
) -> Rows:
    """The rows of a table of Arrow arrays and lists, all of `size` values.

    A feature is a field of the struct column `features` or a column `features.NAME`.
    Raises BodyError where rows must have features and no column holds any.
    """
    faults = dict(faults or {})
    features: dict[str, Column] = {}
    if kind is not Kind.ACTUALS:
        _check_features(columns, size, faults)
        features = {} if shallow else _features(columns)
    wanted = RULED if shallow and kind is not Kind.ACTUALS else PARTS[kind]
    parts = {n: _part(n, columns[n], faults) for n in wanted if n in columns}
    if kind is Kind.ACTUALS and size:
        for name in ("prediction_id", "actual"):
            if name not in parts:
                raise BodyError(f"no column {name!r}; {nearest(name, columns)}".rstrip("; "))
            require(name, _nulls(parts[name], size), faults)
    gone = np.zeros(size, bool)
    gone[list(faults)] = True
    return rows_of(
        size,
        {name: _without(column, gone) for name, column in parts.items()},
        {name: _without(plain(column), gone) for name, column in features.items()},
        {},
        faults,
    )


def _check_features(columns: Mapping[str, Column], size: int, faults: Faults) -> None:
    """Add the rows without features to the faults. Raises BodyError where no row can have any."""
    named = any(name.startswith(_PREFIX) for name in columns)
    packed = columns.get("features")
    if packed is None:
        if size and not named:
            raise BodyError(_no_features(columns))
        return
    if isinstance(packed, list) or not pa.types.is_struct(packed.type):
        raise BodyError("column 'features' must be a struct, with a field for each feature")
    if not named and packed.null_count:
        for index in np.flatnonzero(packed.is_null().to_numpy(zero_copy_only=False)).tolist():
            faults.setdefault(index, NO_OBJECT)


def _features(columns: Mapping[str, Column]) -> dict[str, Column]:
    named = {n.removeprefix(_PREFIX): c for n, c in columns.items() if n.startswith(_PREFIX)}
    packed = columns.get("features")
    if packed is None:
        return named
    fields = [packed.type.field(i).name for i in range(packed.type.num_fields)]
    return {**dict(zip(fields, packed.flatten(), strict=True)), **named}


def _no_features(columns: Mapping[str, Column]) -> str:
    unknown = [name for name in columns if name not in PARTS[Kind.REFERENCE]]
    hint = f"; rename {unknown[0]!r} to {_PREFIX + unknown[0]!r}" if unknown else ""
    return f"no column holds a feature: name them '{_PREFIX}NAME' or fields of 'features'{hint}"


def _part(name: str, column: Column, faults: Faults) -> Column:
    if name == "timestamp" and not isinstance(column, list):
        raw = _moments(column, FIRST_EVENT, LAST_EVENT)
        if raw is not None:
            values, outside = raw
            for index in np.flatnonzero(outside).tolist():
                faults.setdefault(index, f"timestamp: {column[index].value} {OUTSIDE}")
            return [None if o else v for v, o in zip(values.to_pylist(), outside, strict=True)]
    if name in {"prediction_id", "timestamp", "version"}:
        return part(name, values_of(column), faults)
    return plain(column)


def _nulls(column: Column, size: int) -> list[int]:
    values = column if isinstance(column, list) else column.is_valid().to_pylist()
    missing = None if isinstance(column, list) else False
    return [i for i in range(size) if values[i] is missing]


def _without(column: Column, gone: Any) -> Column:
    """The column with null in the rows that are gone."""
    if not gone.any():
        return column
    if isinstance(column, list):
        return [None if g else v for v, g in zip(column, gone.tolist(), strict=True)]
    places = pa.array(np.arange(len(gone)), pa.int64(), mask=gone)
    return column.take(places)


def plain(column: Column) -> Column:
    """The column as an Arrow array of a plain type, else as a list of Python values.

    Plain are numbers, booleans, texts, lists of numbers, and timestamps in UTC microseconds.
    """
    if isinstance(column, list):
        return column
    if isinstance(column, pa.ExtensionArray):
        return plain(column.storage)
    if pa.types.is_dictionary(column.type):
        words = plain(column.dictionary)
        if isinstance(words, list):
            return [None if i is None else words[i] for i in column.indices.to_pylist()]
        return words.take(column.indices)
    for fits, read in _READINGS:
        if any(f(column.type) for f in fits):
            return read(column)
    return values_of(column)


def _embedding(column: Any) -> Column:
    if not pa.types.is_floating(column.type.value_type):
        return values_of(column)
    try:
        return column.cast(pa.list_(pa.float64()))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return values_of(column)


def values_of(column: Column) -> list[Any]:
    """The values as Python has them; what Python does not have stands as text."""
    if isinstance(column, list):
        return column
    try:
        values = column.to_pylist()
    except (ValueError, OverflowError, pa.ArrowException):
        return [_value(scalar) for scalar in column]
    return [dict(v) if v else v for v in values] if pa.types.is_map(column.type) else values


def _value(scalar: Any) -> object:
    try:
        return scalar.as_py()
    except (ValueError, OverflowError, pa.ArrowException):
        return f"a {scalar.type} that cannot be read"


def _moments(column: Any, first: int, last: int) -> tuple[Any, Any] | None:
    """Microseconds since 1970 (an Arrow array), and which are outside of the two given.

    What is outside is null. None where the column holds no times.
    """
    kind = column.type
    if kind == pa.timestamp("ns", getattr(kind, "tz", None)):  # all lie within 1677 and 2262
        return _floor_thousandth(column.cast(pa.int64())), np.zeros(len(column), bool)
    if pa.types.is_timestamp(kind):
        factor = _UNITS[kind.unit]
    elif pa.types.is_date(kind):
        factor = _DAY if pa.types.is_date32(kind) else _UNITS["ms"]
    else:
        return None
    raw = column.cast(pa.int32()).cast(pa.int64()) if factor == _DAY else column.cast(pa.int64())
    low, high = -(-first // factor), last // factor
    outside = pc.or_(pc.less(raw, low), pc.greater(raw, high)).fill_null(False)
    kept = pc.if_else(outside, pa.scalar(None, pa.int64()), raw)
    return pc.multiply(kept, factor), outside.to_numpy(zero_copy_only=False)


def _floor_thousandth(nanoseconds: Any) -> Any:
    valid = nanoseconds.is_valid().to_numpy(zero_copy_only=False)
    values = nanoseconds.fill_null(0).to_numpy(zero_copy_only=False) // 1000
    return pa.array(values, pa.int64(), mask=~valid)


def _timestamps(column: Any) -> Column:
    """A feature of times: Arrow microseconds, or a list where some are outside of our years."""
    read = _moments(column, FIRST, LAST)
    if read is None:
        return values_of(column)
    values, outside = read
    if not outside.any():
        return values.cast(pa.timestamp("us"))
    raw = column.cast(pa.int64(), safe=False) if pa.types.is_timestamp(column.type) else None
    unit = getattr(column.type, "unit", "days")
    return [
        f"{column[i].value if raw is None else raw[i].as_py()} {unit}" if o else _datetime(v)
        for i, (v, o) in enumerate(zip(values.to_pylist(), outside, strict=True))
    ]


def _datetime(value: int | None) -> datetime | None:
    return None if value is None else moment(value).astimezone(UTC)


_READINGS: tuple[tuple[tuple[Callable[[Any], bool], ...], Callable[[Any], Column]], ...] = (
    ((pa.types.is_float16, pa.types.is_decimal), lambda c: c.cast(pa.float64())),
    ((pa.types.is_string_view,), lambda c: c.cast(pa.large_string())),
    ((pa.types.is_timestamp, pa.types.is_date), _timestamps),
    ((pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean), lambda c: c),
    ((pa.types.is_string, pa.types.is_large_string, pa.types.is_null), lambda c: c),
    ((pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list), _embedding),
)
