"""Reads one call of a model, of whatever shape: the rows that went in, and what came out for each.

Models of all frameworks are called with one row or many, as a frame, an array, rows, or columns by
name, and answer in as many ways. Whatever goes wrong in here is counted and stays in here.
"""
# ruff: noqa: N803 - X is what scikit-learn calls it

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from watchkeeper.client import Client
from watchkeeper.frames import FrameError, parts_of, size_of, titles_of
from watchkeeper.wire import frozen

PARTS = ("prediction", "score", "prediction_id", "timestamp")
# No feature can have these names by accident.
_NAMES = {part: f"\0{part}" for part in PARTS}


class Call:
    """One call: its rows are copied before the model sees them, and logged when it has answered.

    `read` gives the columns by name; `rows` is how many rows to count if it cannot.
    """

    def __init__(
        self, client: Client, where: str, read: Callable[[], Mapping[str, Any]], rows: int
    ) -> None:
        self._client = client
        self._where = where
        self._columns: dict[str, Any] = {}
        self._error: Exception | None = None
        self.rows = rows
        try:
            self._columns = {name: _kept(column) for name, column in read().items()}
            self.rows = size_of(self._columns)
        except Exception as error:  # said when the model has answered; perhaps it does not either
            self._error = error

    def answered(self, read: Callable[[], Mapping[str, Any]]) -> None:
        """Log the rows with their answers, which are columns by part: see `PARTS`."""
        if self._error is not None:
            self._client.complain(self._where, self._error, self.rows)
            return
        try:
            answers = {_NAMES[part]: values for part, values in read().items()}
            self._client.log_batch({**self._columns, **answers}, **_NAMES, wait=0.0)
        except Exception as error:  # the model has answered: nothing here may spoil that
            self._client.complain(self._where, error, self.rows)


def rows_in(X: Any) -> int:
    """How many rows X seems to have; 1 where nobody can say."""
    try:
        shape = getattr(X, "shape", None)
        if shape:
            return int(shape[0])
        return 1 if isinstance(X, (str, bytes)) or _is_row(X, None) else size_of(X)
    except Exception:  # it is the size of something that nobody could read
        return 1


def columns_of(X: Any, known: Sequence[str] | None = None, rows: int | None = None) -> Any:
    """The columns of X by name; `known` are the names where X has none, else `x0`, `x1`, ...

    A mapping is one row unless all its values are columns (of `rows` rows, if that is given).
    Raises TypeError if X is sparse or of more than two dimensions, ValueError if the names do not
    fit.

    >>> columns_of([[41, 1.5], [42, 2.5]], ["age", "income"])
    {'age': [41, 42], 'income': [1.5, 2.5]}
    >>> columns_of({"age": 41}), columns_of([{"age": 41}, {"age": 42}]), columns_of([7, 8])
    ({'age': [41]}, {'age': [41, 42]}, {'x0': [7, 8]})
    """
    if hasattr(X, "toarray"):
        raise TypeError("a sparse matrix is not logged: log the features it was made from")
    if isinstance(X, Mapping):
        row = _is_row(X, rows)
        return {str(name): [value] if row else value for name, value in X.items()}
    if hasattr(X, "columns"):  # pandas, polars, Arrow
        return dict(zip(titles_of(X), parts_of(X), strict=True))
    columns = _unnamed(X) if getattr(X, "ndim", 1) != 1 else _of_rows(list(X))
    if isinstance(columns, Mapping):
        return columns
    names = [f"x{place}" for place in range(len(columns))] if known is None else known
    return dict(zip(map(str, names), columns, strict=True))


def answers_of(answer: Any, rows: int) -> Mapping[str, Any]:
    """A model's answer to so many rows as columns by part. Raises FrameError if it does not fit.

    What has a `prediction` is taken apart, any other value is the prediction.

    >>> answers_of([0, 1], 2), answers_of([0.2, 0.8], 1)
    ({'prediction': [0, 1]}, {'prediction': [[0.2, 0.8]]})
    >>> answers_of([{"prediction": 1, "score": 0.8, "took": 3}], 1)
    {'prediction': [1], 'score': [0.8]}
    """
    if not _is_table(answer):
        return {"prediction": _one_a_row(answer, rows)}
    columns = columns_of(answer, rows=rows)
    if "prediction" in columns:
        return {part: columns[part] for part in PARTS if part in columns}
    if len(columns) == 1:
        return {"prediction": next(iter(columns.values()))}
    table = zip(*columns.values(), strict=True)
    return {"prediction": [dict(zip(columns, values, strict=True)) for values in table]}


def _one_a_row(answer: Any, rows: int) -> Any:
    shape = getattr(answer, "shape", None)
    if shape == (rows, 1):
        return answer[:, 0]
    sized = hasattr(answer, "__len__") and shape != () and not isinstance(answer, (str, bytes))
    if sized and len(answer) == rows:
        return answer
    if rows == 1:
        return [answer]
    raise FrameError(f"{len(answer) if sized else 1} answers to {rows} rows")


def _is_table(answer: Any) -> bool:
    several = isinstance(answer, (list, tuple)) and len(answer) > 0
    named = isinstance(answer, Mapping) or hasattr(answer, "columns")
    return named or (several and all(isinstance(one, Mapping) for one in answer))


def _is_row(X: Any, rows: int | None) -> bool:
    """A mapping that is no mapping of columns."""
    if not isinstance(X, Mapping):
        return False
    columns = [v for v in X.values() if hasattr(v, "__len__") and getattr(v, "shape", None) != ()]
    columns = [v for v in columns if not isinstance(v, (str, bytes, Mapping))]
    return len(columns) < len(X) or any(rows not in (None, len(column)) for column in columns)


def _unnamed(X: Any) -> list[Any]:
    if X.ndim != 2:
        raise TypeError(f"an array of {X.ndim} dimensions is not logged: what are its features?")
    return list(X.T)


def _of_rows(rows: list[Any]) -> Any:
    if rows and all(isinstance(row, Mapping) for row in rows):
        names = dict.fromkeys(name for row in rows for name in row)
        return {str(name): [row.get(name) for row in rows] for name in names}
    return [list(column) for column in zip(*map(_values, rows), strict=True)]


def _values(row: Any) -> list[Any]:
    several = isinstance(row, (list, tuple)) or getattr(row, "ndim", 0) == 1
    return list(row) if several else [row]


def _kept(column: Any) -> Any:
    """The column as it is now."""
    if type(column).__name__ in {"ndarray", "Series"} and hasattr(column, "copy"):
        return column.copy()
    return frozen(column)[0] if isinstance(column, (list, tuple)) else column
