"""Turns logged rows into the JSON that the service reads."""

import copy
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple
from uuid import UUID

JSON = "application/json"
ARROW = "application/vnd.apache.arrow.stream"

BATCH_ROWS = 500
BATCH_BYTES = 1 << 20

PLAIN = frozenset({float, int, bool, type(None)})
IMMUTABLE = (str, int, float, bytes, date, time, timedelta, Decimal, UUID, Enum, complex)


@dataclass(frozen=True, slots=True)
class Request:
    """A body to post: `kind` is `predictions` or `actuals`, the last part of the route."""

    kind: str
    body: bytes
    rows: int
    media_type: str = JSON


class Prediction(NamedTuple):
    """A row that a model answered; the values are copies."""

    prediction_id: str
    timestamp: Any
    features: Mapping[Any, Any]
    version: Any = None
    prediction: Any = None
    score: Any = None
    latency_ms: Any = None
    tags: Any = None


class Actual(NamedTuple):
    """A row that turned out to be true."""

    prediction_id: str
    timestamp: Any
    actual: Any


def frozen(value: Any) -> tuple[Any, int]:
    """The value as it is now, whatever its owner does to it later, and its rough size in bytes.

    >>> row = [1.0, 2.0]
    >>> kept, size = frozen(row)
    >>> row.append(3.0)
    >>> kept
    [1.0, 2.0]
    """
    if type(value) in PLAIN:
        return value, 32
    if isinstance(value, str):
        return value, 50 + len(value)
    if isinstance(value, IMMUTABLE):
        return value, 64 + (len(value) if isinstance(value, bytes) else 0)
    if isinstance(value, Mapping):
        return frozen_mapping(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return _frozen_items(value)
    return _frozen_array(value)


def frozen_mapping(values: Mapping[Any, Any]) -> tuple[dict[Any, Any], int]:
    """A copy of a row of values by name, and its rough size in bytes.

    The loop is the price of every logged row: plain numbers pass it untouched.
    """
    kept = dict(values)
    size = 400 + 100 * len(kept)
    for name, value in kept.items():
        kind = type(value)
        if kind in PLAIN:
            continue
        if kind is str:
            size += len(value)
        else:
            kept[name], more = frozen(value)
            size += more
    return kept, size


def _frozen_items(values: Iterable[Any]) -> tuple[list[Any], int]:
    kept = list(values)
    if PLAIN.issuperset(map(type, kept)):
        return kept, 64 + 40 * len(kept)
    pairs = [frozen(value) for value in kept]
    return [value for value, _ in pairs], 64 + sum(size + 8 for _, size in pairs)


def _frozen_array(value: Any) -> tuple[Any, int]:
    """An array, tensor, scalar or series of whatever library, or an object we know nothing of."""
    kind = type(value).__name__
    if kind in {"datetime64", "timedelta64", "NAType"}:
        return value, 64
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        return value.item(), 64
    if kind == "ndarray" and value.dtype.kind != "O":
        return value.copy(), 128 + int(value.nbytes)
    if hasattr(value, "tolist"):
        return _frozen_items(value.tolist())
    return copy.deepcopy(value), 512


def single(value: Any) -> Any:
    """The frozen value, out of its array where it is the only one in it.

    `model.predict([row])` gives an array of one; what is meant is the one.
    """
    if type(value) in PLAIN:
        return value
    if getattr(value, "size", None) == 1 and hasattr(value, "item"):
        return frozen(value.item())[0]
    return frozen(value)[0]


def moment(value: Any) -> Any:
    """A time as the contract wants it: RFC 3339 text or epoch milliseconds. Naive times are UTC.

    >>> moment(datetime(2024, 1, 2, 3))
    '2024-01-02T03:00:00.000000+00:00'
    >>> moment(1700000000000)
    1700000000000
    """
    if type(value).__name__ == "datetime64":
        value = value.astype("datetime64[us]").item()
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        return value
    if value != value:  # noqa: PLR0124 - pandas' NaT is a datetime and not itself
        return None
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return value.isoformat(timespec="microseconds")


def known(value: Any) -> Any:
    """The JSON value for one that `json` does not know; used as its `default`."""
    for kind, spell in _SPELLINGS:
        if isinstance(value, kind):
            return spell(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return _known_array(value)


_SPELLINGS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (datetime, moment),
    ((date, time), lambda day: day.isoformat()),
    (timedelta, lambda span: span.total_seconds()),
    (Decimal, float),
    (Enum, lambda member: member.value),
    ((bytes, bytearray), lambda content: content.decode("utf-8", "replace")),
    (Mapping, dict),
    ((set, frozenset), list),
)


def _known_array(value: Any) -> Any:
    match type(value).__name__:
        case "NAType" | "NaTType":
            return None
        case "datetime64":
            return moment(value)
        case "timedelta64":
            return value / type(value)(1, "s")
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=known)


def text(value: Any) -> bytes:
    """JSON of a value. NaN and infinities become the literals that the service reads.

    What JSON has no place for is spelt the nearest way: a lone surrogate becomes `?`, a name that
    is no text becomes text. Raises ValueError if the value contains itself.

    >>> text({"a": float("nan"), 1: None})
    b'{"a":NaN,"1":null}'
    """
    try:
        written = _ENCODER.encode(value)
    except TypeError:
        written = _ENCODER.encode(_named(value))
    return written.encode("utf-8", "replace")


def _named(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _named(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_named(part) for part in value]
    return value


def row_text(row: Prediction | Actual) -> bytes:
    """JSON of a row; what is not known is left out.

    >>> row_text(Actual("a1", 1700000000000, 0))
    b'{"prediction_id":"a1","timestamp":1700000000000,"actual":0}'
    >>> row_text(Prediction("a1", 1700000000000, {"age": 41}, score=0.0))
    b'{"prediction_id":"a1","timestamp":1700000000000,"features":{"age":41},"score":0.0}'
    """
    parts = row._asdict()
    parts["timestamp"] = moment(row.timestamp)
    return text({name: part for name, part in parts.items() if part is not None})


def requests(
    kind: str, rows: Sequence[bytes], limit_rows: int, limit_bytes: int
) -> Iterator[Request]:
    """JSON arrays of rows, each of at most so many rows and, unless one row is more, bytes.

    >>> [request.body for request in requests("actuals", [b"{}", b"{}", b"{}"], 2, 100)]
    [b'[{},{}]', b'[{}]']
    """
    part: list[bytes] = []
    size = 1
    for row in rows:
        if part and (len(part) == limit_rows or size + len(row) + 1 > limit_bytes):
            yield Request(kind, b"[" + b",".join(part) + b"]", len(part))
            part, size = [], 1
        part.append(row)
        size += len(row) + 1
    if part:
        yield Request(kind, b"[" + b",".join(part) + b"]", len(part))
