"""Logs one call of a model: the rows that went in, and what came out for each.

Models of all frameworks are called with one row or many, as a frame, an array, rows, or columns by
name, and answer in as many ways. Whatever goes wrong in here is counted and stays in here.
"""

from collections.abc import Callable, Mapping
from typing import Any

from watchkeeper.answers import PARTS
from watchkeeper.client import Client
from watchkeeper.frames import size_of
from watchkeeper.wire import frozen

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


def _kept(column: Any) -> Any:
    """The column as it is now."""
    if type(column).__name__ in {"ndarray", "Series"} and hasattr(column, "copy"):
        return column.copy()
    return frozen(column)[0] if isinstance(column, (list, tuple)) else column
