"""Reads single feature values as they were sent: a number, a boolean, a category, a time.

A value that cannot be read is missing (None or NaN), never an error. What can be read of a value
of the wrong type is read, by the same rules as the store: "12" is a number, 3 a category.
"""

from datetime import UTC, datetime
from math import isfinite, nan

from monitor.core.rows import label, microseconds


def number(value: object) -> float:
    """A finite float; NaN where there is none.

    >>> [number(v) for v in (3, "2.5", True, "x", float("inf"))]
    [3.0, 2.5, nan, nan, nan]
    """
    if type(value) is float or type(value) is int or isinstance(value, str):
        try:
            read = float(value)
        except (ValueError, OverflowError):
            return nan
    elif value is None or isinstance(value, bool):
        return nan
    else:
        try:
            read = float(value)  # type: ignore[arg-type]  # Decimal, numpy scalars
        except (TypeError, ValueError):
            return nan
    return read if isfinite(read) else nan


def boolean(value: object) -> float:
    """0 or 1; NaN where it is neither.

    >>> [boolean(v) for v in (True, 0, "True", "yes")]
    [1.0, 0.0, 1.0, nan]
    """
    if isinstance(value, str):
        return {"true": 1.0, "1": 1.0, "false": 0.0, "0": 0.0}.get(value.strip().lower(), nan)
    try:
        return float(value) if value in (0, 1) else nan
    except (TypeError, ValueError):
        return nan


def category(value: object) -> str | None:
    """The text of a category; None where there is none.

    >>> [category(v) for v in ("a", 3.0, False, ["a"])]
    ['a', '3', 'false', None]
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict | bytes):
        return None
    try:
        return label(value)
    except ValueError:  # a number of thousands of digits has no text
        return None


def moment(value: object) -> int | None:
    """A time in microseconds since 1970; numbers are milliseconds, times without a zone are UTC.

    >>> moment("1970-01-01T00:00:01Z"), moment(1000), moment("soon")
    (1000000, 1000000, None)
    """
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return microseconds(value if value.tzinfo else value.replace(tzinfo=UTC))
        if isinstance(value, int | float) and not isinstance(value, bool):
            return microseconds(datetime.fromtimestamp(value / 1000, UTC))
    except (ValueError, OverflowError, OSError):
        return None
    return None


def vector(value: object, size: int) -> list[float]:
    """The components of an embedding of so many; NaN throughout where it is none.

    >>> vector([1, 2], 2), vector([1], 2)
    ([1.0, 2.0], [nan, nan])
    """
    if not isinstance(value, list | tuple) or len(value) != size:
        return [nan] * size
    return [number(v) for v in value]
