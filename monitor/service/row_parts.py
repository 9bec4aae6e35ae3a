"""The named parts of a row, and what must hold for each, whatever the format of the body.

A part that breaks its rule rejects its row. Everything else is a value: it stays as it was sent,
and the store sorts out what does not fit.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from monitor.core.rows import Column, Rejection, Rows, label, microseconds

RULED = ("prediction_id", "timestamp", "version")
"""The parts that say which row it is; the door needs no other."""
FIRST = microseconds(datetime.min.replace(tzinfo=UTC))
LAST = microseconds(datetime.max.replace(tzinfo=UTC))
EARLIEST = datetime(2, 1, 1, tzinfo=UTC)
LATEST = datetime(9998, 1, 1, tzinfo=UTC)
"""Event times lie in [EARLIEST, LATEST): a year inside of what can be computed with."""
FIRST_EVENT = microseconds(EARLIEST)
LAST_EVENT = microseconds(LATEST) - 1
OUTSIDE = "is outside of the years 2 to 9997"
NO_OBJECT = "features: must be an object of names and values"
_LEAP_SECOND = re.compile(r":60(?=[.Zz+-]|$)")
_LONGEST_TIME = 64
"""Characters; Python itself reads on for as long as there are digits."""
_NONE = type(None)
_MANY = 32

Faults = dict[int, str]
"""Why a row cannot be read, by its index; the first reason counts."""


def timestamp(value: object) -> int:
    """Microseconds since 1970 of an RFC 3339 text or a number of epoch milliseconds.

    A text without offset is UTC. Raises ValueError with a reason fit for a user.

    >>> timestamp("2024-05-01T12:00:00+02:00"), timestamp(1714557600000)
    (1714557600000000, 1714557600000000)
    """
    try:
        match value:
            case bool():
                pass
            case str():
                return _within(_from_text(value), value)
            case int():
                return _within(value * 1000, value)
            case float() if math.isfinite(value):
                return _within(round(value * 1000), value)
            case datetime():
                aware = value if value.tzinfo else value.replace(tzinfo=UTC)
                return _within(microseconds(aware), value)
    except (ValueError, OverflowError):
        pass
    shown = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:60]}..."
    raise ValueError(f"{shown} is neither RFC 3339 nor epoch milliseconds of the years 1 to 9999")


def event_time(value: object) -> int:
    """A timestamp at which a row may lie. Raises ValueError outside of the years 2 to 9997."""
    read = timestamp(value)
    if not FIRST_EVENT <= read <= LAST_EVENT:
        raise ValueError(f"{value!r} {OUTSIDE}")
    return read


def _from_text(text: str) -> int:
    if len(text) > _LONGEST_TIME:
        raise ValueError(text)
    leap = timedelta()
    if _LEAP_SECOND.search(text):
        text, leap = _LEAP_SECOND.sub(":59", text), timedelta(seconds=1)
    read = datetime.fromisoformat(text[:-1] + "Z" if text.endswith("z") else text)
    return microseconds(read if read.tzinfo else read.replace(tzinfo=UTC)) + microseconds_of(leap)


def microseconds_of(span: timedelta) -> int:
    """A span in microseconds."""
    return span // timedelta(microseconds=1)


def _within(value: int, sent: object) -> int:
    if not FIRST <= value <= LAST:
        raise ValueError(sent)
    return value


def prediction_id(value: object) -> str | None:
    """The id as text. Raises ValueError if it is no text, no integer, or empty.

    >>> prediction_id(7), prediction_id("a")
    ('7', 'a')
    """
    match value:
        case None:
            return None
        case bool():
            pass
        case str() if value:
            return value
        case int():
            return str(value)
    raise ValueError("must be text that is not empty, or an integer")


def version(value: object) -> str | None:
    """The version as text: 3, 3.0 and "3" are one; what is no word is its JSON text."""
    match value:
        case None | str():
            return value
        case bool() | int() | float():
            return label(value)
        case _:
            return msgspec.json.encode(value, enc_hook=str).decode()


_RULES: Mapping[str, Callable[[Any], object]] = {
    "prediction_id": prediction_id,
    "timestamp": event_time,
    "version": version,
}
_AS_IT_IS: Mapping[str, set[type]] = {
    "prediction_id": {_NONE},
    "timestamp": {_NONE},
    "version": {_NONE, str},
}


def part(name: str, values: list[Any], faults: Faults) -> list[Any]:
    """The values of one part under its rule; rows that break it are added to the faults."""
    rule = _RULES.get(name)
    if rule is None:
        return values
    kinds = set(map(type, values))
    if kinds <= _AS_IT_IS[name] or (name == "prediction_id" and kinds == {str} and all(values)):
        return values
    if name == "timestamp" and len(values) >= _MANY:
        times = _times_at_once(values, kinds)
        if times is not None:
            return times
    done: list[Any] = []
    for index, value in enumerate(values):
        try:
            done.append(None if value is None else rule(value))
        except ValueError as problem:
            faults.setdefault(index, f"{name}: {problem}")
            done.append(None)
    return done


def _times_at_once(values: list[Any], kinds: set[type]) -> list[int] | None:
    """Event times of values that are all of one plain form; None where each must be looked at."""
    try:
        if kinds == {int}:
            times = pc.multiply_checked(pa.array(values, pa.int64()), 1000)
        elif kinds == {str}:
            times = _instants(pa.array(values, pa.string())).cast(pa.int64())
        else:
            return None
    except (pa.ArrowException, OverflowError, UnicodeEncodeError):
        return None
    ends = pc.min_max(times).as_py()
    within = ends["min"] >= FIRST_EVENT and ends["max"] <= LAST_EVENT
    done: list[int] | None = times.to_pylist() if within else None
    return done


def _instants(texts: pa.Array) -> pa.Array:
    """Texts that all have an offset, or none, as instants in UTC. Raises ArrowInvalid."""
    try:
        return texts.cast(pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid:
        return texts.cast(pa.timestamp("us"))


def require(name: str, missing: Sequence[int], faults: Faults) -> None:
    """Reject the rows that lack a part they must have."""
    for index in missing:
        faults.setdefault(index, f"{name}: is required")


def lines_of(content: bytes) -> list[bytes]:
    """The lines of an NDJSON body that hold something: one row each, whatever is in them."""
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return [line for line in lines if line and not line.isspace()]


def rows_of(
    size: int,
    columns: Mapping[str, Column],
    features: Mapping[str, Column],
    absent: Mapping[str, Any],
    faults: Faults,
) -> Rows:
    """The rows, with the rejected in order of their index."""
    if not faults:
        return Rows(size, columns, features, absent, [])
    rejected = [Rejection(index, faults[index]) for index in sorted(faults)]
    return Rows(size, columns, features, absent, rejected)
