"""Holds what was logged until it is sent, in bounded memory."""

import threading
from collections import deque
from typing import Any, NamedTuple


class Entry(NamedTuple):
    """Something to send: its bytes in memory (an estimate), its rows, and itself."""

    size: int
    rows: int
    item: Any


class Ring:
    """First in, first out; full at a number of single rows or of bytes, whichever comes first.

    What was taken in is kept and what comes while it is full is refused, so that a burst never
    pushes out a row whose id the caller already relies on. Parts of a frame (`bulk`) are compact
    already and count by their bytes alone.
    """

    def __init__(self, rows: int, size: int) -> None:
        self._limit_rows = rows
        self._limit_size = size
        self._entries: deque[tuple[Entry, bool]] = deque()
        # Re-entrant: a signal handler or a finalizer that logs may interrupt put().
        self._lock = threading.RLock()
        self._single = 0
        self.rows = 0
        self.size = 0
        self.entered = 0
        """Entries ever taken in."""
        self.left = 0
        """Entries ever taken out."""
        self.rows_in = 0
        """Rows ever taken in."""

    def put(self, entry: Entry, *, bulk: bool = False) -> bool:
        """Take an entry in, or refuse it."""
        with self._lock:
            if self.size + entry.size > self._limit_size and self._entries:
                return False
            if not bulk:
                if self._single >= self._limit_rows or entry.size > self._limit_size:
                    return False
                self._single += entry.rows
            self._entries.append((entry, bulk))
            self.rows += entry.rows
            self.size += entry.size
            self.entered += 1
            self.rows_in += entry.rows
            return True

    def take(self, rows: int, size: int) -> list[Entry]:
        """The oldest entries, up to so many rows and bytes, but one at least if there is any.

        >>> ring = Ring(rows=10, size=1000)
        >>> [ring.put(Entry(100, 1, name)) for name in "abc"]
        [True, True, True]
        >>> [entry.item for entry in ring.take(rows=2, size=1000)]
        ['a', 'b']
        """
        taken: list[Entry] = []
        with self._lock:
            while self._entries and self._fits(taken, rows, size):
                entry, bulk = self._entries.popleft()
                taken.append(entry)
                self._single -= 0 if bulk else entry.rows
                rows -= entry.rows
                size -= entry.size
                self.rows -= entry.rows
                self.size -= entry.size
                self.left += 1
        return taken

    def _fits(self, taken: list[Entry], rows: int, size: int) -> bool:
        entry, _ = self._entries[0]
        return not taken or (entry.rows <= rows and entry.size <= size)

    @property
    def half_full(self) -> bool:
        """Whether it is time to make room."""
        return self._single * 2 >= self._limit_rows or self.size * 2 >= self._limit_size
