"""Reads the rows of a frame, of whatever library, without importing that library.

A frame is a pandas or polars DataFrame, an Arrow table or record batch, a mapping of columns, or a
sequence of rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from watchkeeper.wire import Prediction, frozen, moment, single


class FrameError(ValueError):
    """The frame cannot be logged; nothing of it was."""


@dataclass(frozen=True, slots=True)
class Names:
    """Which columns of a frame play which part; `features` is None for all the others."""

    prediction: str = "prediction"
    score: str = "score"
    prediction_id: str = "prediction_id"
    timestamp: str = "timestamp"
    features: Sequence[str] | None = None

    @property
    def parts(self) -> Mapping[str, str]:
        """Column by part of the row."""
        return {
            "prediction_id": self.prediction_id,
            "timestamp": self.timestamp,
            "prediction": self.prediction,
            "score": self.score,
        }

    def chosen(self, columns: Sequence[str]) -> Sequence[str]:
        """The feature columns. Raises FrameError if one that was asked for is not there."""
        if self.features is None:
            roles = set(self.parts.values())
            return [name for name in columns if name not in roles]
        missing = [name for name in self.features if name not in columns]
        if missing:
            raise FrameError(f"the frame has no column {missing[0]!r}")
        return self.features


def is_rows(frame: Any) -> bool:
    """A sequence of rows, each a mapping."""
    return isinstance(frame, (list, tuple))


def size_of(frame: Any) -> int:
    """How many rows a frame has, the longest column deciding; 1 where nobody can say.

    >>> size_of({"age": [1, 2, 3], "income": [1]})
    3
    """
    try:
        if isinstance(frame, Mapping):
            return max((len(column) for column in frame.values()), default=0)
        return int(frame.num_rows) if hasattr(frame, "num_rows") else len(frame)
    except Exception:  # it is the size of something that nobody could read
        return 1


def columns_of(frame: Any) -> dict[str, list[Any]]:
    """The frame as lists by name. What pandas calls missing is None.

    Raises FrameError if it is no frame, or its columns are of unequal length or of one name.

    >>> columns_of({"age": (41, 42)})
    {'age': [41, 42]}
    """
    pairs = [(name, _values(c)) for name, c in zip(titles_of(frame), parts_of(frame), strict=True)]
    columns = dict(pairs)
    if len(columns) < len(pairs):
        raise FrameError("two columns have one name")
    lengths = {name: len(column) for name, column in pairs}
    if len(set(lengths.values())) > 1:
        raise FrameError(f"the columns are of unequal length: {lengths}")
    return columns


def titles_of(frame: Any) -> list[str]:
    """The names of the columns, in order. Raises FrameError if it is no frame."""
    if isinstance(frame, Mapping):
        return list(map(str, frame))
    if hasattr(frame, "schema") and hasattr(frame, "num_rows"):  # Arrow
        return list(frame.schema.names)
    if hasattr(frame, "iloc") or hasattr(frame, "to_series"):  # pandas, polars
        return list(map(str, frame.columns))
    raise FrameError(f"{type(frame).__name__} is no frame that can be logged")


def parts_of(frame: Any) -> Iterator[Any]:
    """The columns in the order of their titles, as the library has them."""
    if isinstance(frame, Mapping):
        yield from frame.values()
        return
    for place in range(len(titles_of(frame))):
        if hasattr(frame, "iloc"):
            yield frame.iloc[:, place]
        else:
            yield frame.column(place) if hasattr(frame, "num_rows") else frame.to_series(place)


def _values(column: Any) -> list[Any]:
    if hasattr(column, "notna"):  # pandas
        column = column.astype(object).where(column.notna(), None)
    for reader in ("to_pylist", "to_list", "tolist"):
        if hasattr(column, reader):
            return list(getattr(column, reader)())
    return list(column)


def rows_of(frame: Any, names: Names, row_ids: Sequence[str], now: int) -> Iterator[Prediction]:
    """The rows of a frame; `row_ids` and `now` stand in where it has no ids or times."""
    columns = columns_of(frame)
    features = {name: columns[name] for name in names.chosen(list(columns))}
    parts = {part: columns.get(column) for part, column in names.parts.items()}
    for place in range(size_of(columns)):
        found = {part: column[place] for part, column in parts.items() if column is not None}
        row = {name: column[place] for name, column in features.items()}
        yield _row(row, found, row_ids[place], now)


def row_of(row: Any, names: Names, row_id: str, now: int) -> Prediction:
    """The row that one mapping of a sequence holds. Raises FrameError if it is no mapping."""
    if not isinstance(row, Mapping):
        raise FrameError(f"{type(row).__name__} is no row: give a mapping of names to values")
    found = {part: row.get(column) for part, column in names.parts.items()}
    features = {name: row[name] for name in names.chosen(list(row))}
    return _row(features, found, row_id, now)


def _row(
    features: Mapping[Any, Any], found: Mapping[str, Any], row_id: str, now: int
) -> Prediction:
    given = moment(found.get("timestamp"))
    return Prediction(
        row_id,
        now if given is None else given,
        frozen(features)[0],
        prediction=single(found.get("prediction")),
        score=single(found.get("score")),
    )


def ids_of(frame: Any, names: Names, made: Sequence[str]) -> list[str]:
    """The id of each row: its own, or the made one where it has none."""
    given: list[Any] | None
    if is_rows(frame):
        name = names.prediction_id
        given = [row.get(name) if isinstance(row, Mapping) else None for row in frame]
    else:
        given = _column(frame, names.prediction_id)
    if given is None:
        return list(made)
    return [new if is_missing(own) else str(own) for own, new in zip(given, made, strict=True)]


def is_missing(value: Any) -> bool:
    """None, NaN, or what pandas writes for either."""
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(value, float) and value != value  # noqa: PLR0124


def _column(frame: Any, name: str) -> list[Any] | None:
    """The values of a column; None if there is no such column."""
    for title, column in zip(titles_of(frame), parts_of(frame), strict=True):
        if title == name:
            return _values(column)
    return None
