"""Halves of predictions: what was asked and what was answered, sent apart, joined by event."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import zip_longest
from typing import Any


class Side(StrEnum):
    """Which half it is: the request holds the features, the response what the model answered."""

    REQUEST = "request"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class Half:
    """One half of one or more predictions.

    `event` is what both halves share; `component` tells halves of two servers apart that handed
    the event on to each other. `rows` holds parts of rows (`features`, or `prediction`, `score`
    and `tags`), `shared` parts that all rows have (`version`, `tags`). `timestamp` is event time in
    microseconds since 1970, None where it was not sent.
    """

    model: str
    event: str
    component: str
    side: Side
    timestamp: int | None
    rows: Sequence[Mapping[str, Any]]
    shared: Mapping[str, Any] = field(default_factory=dict)


def joined(
    request: Half | None, response: Half | None, received_at: int
) -> Iterator[dict[str, Any]]:
    """The rows that two halves make, or one alone; `received_at` stands in for a missing time.

    The id is the event's, with `-0`, `-1`, ... where there are several rows. A response without a
    request has no features, and `.response` in its ids, so that its request may still come.

    >>> asked = Half("m", "e", "", Side.REQUEST, 7000, [{"features": {"age": 41}}])
    >>> said = Half("m", "e", "", Side.RESPONSE, 9000, [{"prediction": 1}])
    >>> list(joined(asked, said, 0))
    [{'features': {'age': 41}, 'prediction': 1, 'prediction_id': 'e', 'timestamp': 7}]
    """
    halves = [half for half in (request, response) if half is not None]
    event = halves[0].event if request else f"{halves[0].event}.response"
    times = [half.timestamp for half in halves if half.timestamp is not None]
    timestamp = times[0] if times else received_at
    parts = list(zip_longest(*(half.rows for half in halves), fillvalue={}))
    for number, found in enumerate(parts):
        row = _merged([*(half.shared for half in halves), *found])
        row.setdefault("features", {})
        row["prediction_id"] = event if len(parts) == 1 else f"{event}-{number}"
        row["timestamp"] = _milliseconds(timestamp)
        yield row


def _merged(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """All parts in one row; tags are put together."""
    row: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            row[name] = {**row[name], **value} if name == "tags" and name in row else value
    return row


def _milliseconds(microseconds: int) -> int | float:
    whole, rest = divmod(microseconds, 1000)
    return whole + rest / 1000 if rest else whole
