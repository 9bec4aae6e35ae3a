"""Reads the rows that a model is asked about, of whatever shape, as columns by name."""
# ruff: noqa: N803 - X is what scikit-learn calls it

from collections.abc import Mapping, Sequence
from typing import Any

from watchkeeper.frames import parts_of, size_of, titles_of


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
