"""What a sender sends: a body, the rows read from it, and what became of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

Column = Any
"""Values of one name, one a row: a list, or an Arrow array; None or null where missing."""


class Kind(StrEnum):
    """What the rows of a body are."""

    PREDICTIONS = "predictions"
    ACTUALS = "actuals"
    REFERENCE = "reference"


_PREDICTION = (
    "prediction_id",
    "timestamp",
    "version",
    "prediction",
    "score",
    "latency_ms",
    "tags",
)
PARTS: Mapping[Kind, tuple[str, ...]] = {
    Kind.PREDICTIONS: _PREDICTION,
    Kind.REFERENCE: (*_PREDICTION, "actual"),
    Kind.ACTUALS: ("prediction_id", "timestamp", "actual"),
}
"""The named parts of a row beside its features."""


@dataclass(frozen=True, slots=True)
class Body:
    """Bytes as they were sent, with what is needed to read them."""

    content: bytes
    media_type: str = "application/json"
    encoding: str = ""


class Scattered(Mapping[str, Column]):
    """Features of rows that have few in common: a column is made when it is asked for.

    As columns all at once they would take more memory than there is. Rows lack what they have not.

    >>> rows = Scattered([{"a": 1}, {"b": 2}, {"c": 3}])
    >>> list(rows), rows["b"]
    (['a', 'b', 'c'], [None, 2, None])
    >>> list(rows.stretches(0, 4))
    [(0, 2), (2, 3)]
    """

    __slots__ = ("_names", "_rows")

    def __init__(self, rows: Sequence[Mapping[str, object]]) -> None:
        self._rows = rows
        self._names = dict.fromkeys(chain.from_iterable(rows))

    def __getitem__(self, name: str) -> Column:
        if name not in self._names:
            raise KeyError(name)
        return [row.get(name) for row in self._rows]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def stretches(self, more: int, cells: int) -> Iterator[tuple[int, int]]:
        """Where to cut the rows so that no stretch has more cells, with so `more` a row."""
        first = 0
        names: set[str] = set()
        for index, row in enumerate(self._rows):
            names.update(row)
            if index > first and (len(names) + more) * (index + 1 - first) > cells:
                yield first, index
                first, names = index, set(row)
        if first < len(self._rows):
            yield first, len(self._rows)

    def stretch(
        self, first: int, last: int
    ) -> tuple[dict[str, Column], dict[str, npt.NDArray[np.bool_]]]:
        """The columns of some rows, and which of these lack them."""
        rows = self._rows[first:last]
        names = dict.fromkeys(chain.from_iterable(rows))
        columns = {name: [row.get(name) for row in rows] for name in names}
        absent = {name: np.array([name not in row for row in rows]) for name in names}
        return columns, {name: mask for name, mask in absent.items() if mask.any()}


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that cannot be read at all, and why."""

    index: int
    error: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one body, column by column: item i of each column is row i as sent.

    `columns` holds the named parts of a row that were sent (`prediction_id`, `timestamp`,
    `version`, `prediction`, `score`, `latency_ms`, `tags`, `actual`). Values stand as sent but for
    two: `prediction_id` is text or None, `timestamp` is microseconds since 1970 or None.
    `absent[name][i]` is true where row i does not have the feature at all; a feature that every
    row has is not in `absent`. A rejected row holds None everywhere.
    """

    size: int
    columns: Mapping[str, Column] = field(default_factory=dict)
    features: Mapping[str, Column] = field(default_factory=dict)
    absent: Mapping[str, npt.NDArray[np.bool_]] = field(default_factory=dict)
    rejected: Sequence[Rejection] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of the rows of one body; `versions` counts accepted predictions by version."""

    accepted: int
    duplicates: int = 0
    rejected: Sequence[Rejection] = ()
    versions: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Intake:
    """What is under way from the door to the tables.

    `queued_rows` wait for the journal; `unfolded_rows` are in it, `journal_bytes` of it, and cannot
    be read yet; the oldest of them arrived `lag` ago.
    """

    queued_rows: int = 0
    unfolded_rows: int = 0
    journal_bytes: int = 0
    lag: timedelta = timedelta()


def label(value: object) -> str | None:
    """The class that a prediction or an actual names, as text that compares.

    1, 1.0, True and "1" are one class, as are 0, 0.0, False and "0".

    >>> [label(v) for v in (True, 1.0, "1", "yes", None)]
    ['1', '1', '1', 'yes', None]
    """
    match value:
        case None:
            return None
        case bool():
            return "1" if value else "0"
        case float() if value.is_integer():
            return str(int(value))
        case str():
            return value
        case _:
            return str(value)


def microseconds(moment: datetime) -> int:
    """Microseconds from 1970 to an aware datetime."""
    return (moment - EPOCH) // MICROSECOND


def moment(value: int) -> datetime:
    """The aware UTC datetime that lies so many microseconds after 1970."""
    return EPOCH + timedelta(microseconds=value)
