"""What is in the journal and cannot be read yet: how many rows, and for how long."""

import threading
from collections import deque


class Backlog:
    """Counts rows from when they are written until they are folded."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: deque[tuple[int, int, int]] = deque()
        self._rows = 0

    @property
    def rows(self) -> int:
        """Rows that are written and not folded."""
        return self._rows

    @property
    def oldest(self) -> int | None:
        """When the oldest of them arrived, in microseconds since 1970."""
        with self._lock:
            return self._groups[0][2] if self._groups else None

    def wrote(self, end: int, rows: int, arrived: int) -> None:
        """Rows were written up to a position of the journal."""
        with self._lock:
            self._groups.append((end, rows, arrived))
            self._rows += rows

    def folded(self, position: int) -> None:
        """What was written up to a position can be read; a group in part is waiting still."""
        with self._lock:
            while self._groups and self._groups[0][0] <= position:
                self._rows -= self._groups.popleft()[1]
