"""Values as sent → typed Arrow columns, what did not fit its column, and in which form it came.

A value that does not fit is never lost: the column holds what could be read of it, or null, and
the value as sent stands among the misfits.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor.core.rows import EPOCH, Column, label, microseconds
from monitor.core.spec import FeatureType
from monitor.store.forms import NATURAL, SPELLINGS, Codes, Form, Sent, restored, spelled, spelling

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
_TEXTS = frozenset({FeatureType.CATEGORY, FeatureType.TEXT})
_FORMS: dict[type, Form] = {
    bool: Form.BOOLEAN,
    int: Form.INTEGER,
    float: Form.FLOAT,
    str: Form.TEXT,
}
_PLAIN: dict[FeatureType, tuple[type, ...]] = {
    FeatureType.NUMBER: (int, float),
    FeatureType.BOOLEAN: (bool,),
    FeatureType.CATEGORY: (str,),
    FeatureType.TEXT: (str,),
}
_LARGEST_EXACT = 2**53
_FIRST = microseconds(datetime.min.replace(tzinfo=UTC))
_LAST = microseconds(datetime.max.replace(tzinfo=UTC))
_UNFIT = (pa.ArrowException, OverflowError, UnicodeEncodeError)

Places = Sequence[tuple[int, object]]
"""Rows and their values as sent."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A column that fits its type, the values that did not, and how the others were sent.

    `unlike` are values that fit, but which the column does not give back in any form.
    """

    values: pa.Array
    misfits: Places = ()
    form: Form | None = None
    codes: Codes | None = None
    unlike: Places = ()

    def sent(self, kind: FeatureType) -> Sent:
        """The forms of the values."""
        return Sent(kind, self.values, self.form, self.codes)


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
            return exact
        column = column.to_pylist()
    kinds = set(map(type, column)) - {_NONE}
    try:
        plain = _plain(column, kind, kinds)
    except _UNFIT:  # an integer that no float holds, or text that is no Unicode: value by value
        plain = None
    return plain or _each(column, kind)


def _arrow(column: Any, kind: FeatureType) -> Typed | None:
    """An Arrow column cast without loss; None where it must be looked at value by value."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    given = column.type
    form = _form_of(given)
    text = pa.types.is_string(given) or pa.types.is_large_string(given)
    fits = {
        FeatureType.NUMBER: form in (Form.INTEGER, Form.FLOAT),
        FeatureType.BOOLEAN: form is Form.BOOLEAN,
        FeatureType.TIMESTAMP: pa.types.is_timestamp(given),
        FeatureType.EMBEDDING: pa.types.is_list(given) and pa.types.is_floating(given.value_type),
    }.get(kind, text or form in (Form.INTEGER, Form.BOOLEAN))
    if not fits and not pa.types.is_null(given):
        return None
    try:
        values = column.cast(ARROW[kind], safe=kind is not FeatureType.TIMESTAMP)
    except pa.ArrowInvalid:
        return None
    return Typed(values, form=form or NATURAL[kind])


def _form_of(given: pa.DataType) -> Form | None:
    if pa.types.is_integer(given):
        return Form.INTEGER
    if pa.types.is_floating(given):
        return Form.FLOAT
    return Form.BOOLEAN if pa.types.is_boolean(given) else None


def _plain(column: list[Any], kind: FeatureType, kinds: set[type]) -> Typed | None:
    """A list of values that become a column all at once; None for any other."""
    if not kinds:
        return Typed(pa.nulls(len(column), ARROW[kind]))
    if kind is FeatureType.NUMBER and kinds == {int, float}:
        values = pa.array(column, pa.float64())
        whole = np.fromiter((type(v) is int for v in column), bool, len(column))
        return Typed(values, codes=np.where(whole, Form.INTEGER, Form.FLOAT).astype(np.uint8))
    return _alike(column, kind, next(iter(kinds))) if len(kinds) == 1 else None


def _alike(column: list[Any], kind: FeatureType, only: type) -> Typed | None:
    """The same for values of one type alone."""
    values: pa.Array | None = None
    if kind is FeatureType.TIMESTAMP and only is str:
        return _spelled_times(column)
    if kind is FeatureType.TIMESTAMP and only is int:
        values = _within(pc.multiply_checked(pa.array(column, pa.int64()), 1000))
    elif kind in _TEXTS and only in (int, bool):
        values = pa.array(column).cast(pa.string())
    elif only in _PLAIN.get(kind, ()):
        values = pa.array(column, ARROW[kind])
    return None if values is None else Typed(values, form=_FORMS[only])


def _within(since: pa.Array) -> pa.Array | None:
    """Microseconds as times; None where one is outside of the years that Python knows."""
    ends = pc.min_max(since).as_py()
    if ends["min"] < _FIRST or ends["max"] > _LAST:
        return None
    return since.cast(pa.timestamp("us"))


def _spelled_times(column: list[str | None]) -> Typed | None:
    """Texts that all spell times, in a form of ours."""
    texts = pa.array(column, pa.string())
    try:
        read = texts.cast(pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid:  # none has an offset, or some are no times
        read = texts.cast(pa.timestamp("us"))
    values = _within(read.cast(pa.int64()))
    if values is None:
        return None
    given = [(text, at) for text, at in zip(column, values.to_pylist(), strict=True) if at]
    for form in SPELLINGS:
        if spelled(given[0][1], form) == given[0][0]:
            alike = all(spelled(at, form) == text for text, at in given)
            return Typed(values, form=form) if alike else None
    return None


def _each(column: list[Any], kind: FeatureType) -> Typed:
    read = _READERS[kind]
    values: list[object] = []
    misfits: list[tuple[int, object]] = []
    unlike: list[tuple[int, object]] = []
    codes = np.zeros(len(column), np.uint8)
    for row, value in enumerate(column):
        try:
            held = None if value is None else read(value)
        except _Misfit as misfit:
            values.append(misfit.readable)
            misfits.append((row, value))
            continue
        values.append(held)
        form = _form(value, held, kind)
        if form is None:
            unlike.append((row, value))
        else:
            codes[row] = form
    return Typed(pa.array(values, ARROW[kind]), misfits, codes=codes, unlike=unlike)


def _form(value: object, held: Any, kind: FeatureType) -> Form | None:
    """The form in which the column gives the value back; None if there is none."""
    plain = _FORMS.get(type(value))
    if plain is None:  # what only Arrow has: it comes back as JSON has it
        return NATURAL[kind]
    if kind is FeatureType.TIMESTAMP and isinstance(value, str):
        return spelling(held, value)
    return plain if _same(restored(held, kind, plain), value) else None


def _same(one: object, other: object) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, float) and isinstance(other, float):
        alike = one == other or (math.isnan(one) and math.isnan(other))
        return alike and math.copysign(1, one) == math.copysign(1, other)
    return one == other


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
            case int():
                return EPOCH.replace(tzinfo=None) + timedelta(milliseconds=value)
            case float():
                return EPOCH.replace(tzinfo=None) + timedelta(microseconds=round(value * 1000))
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
    try:
        held = [float(v) for v in value]
    except OverflowError:
        raise _Misfit from None
    if any(type(v) is int and abs(v) > _LARGEST_EXACT for v in value):
        raise _Misfit(held)
    return held


_READERS: dict[FeatureType, Callable[[object], object]] = {
    FeatureType.NUMBER: _number,
    FeatureType.BOOLEAN: _boolean,
    FeatureType.CATEGORY: _text,
    FeatureType.TEXT: _text,
    FeatureType.TIMESTAMP: _timestamp,
    FeatureType.EMBEDDING: _embedding,
}
