"""Counts what became of the rows, and says what went wrong without flooding the log."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

SILENCE_SECONDS = 60.0
"""A complaint of one kind is said once, then held back this long and counted."""


@dataclass(frozen=True, slots=True)
class Counters:
    """Rows since the client was made, in this process.

    Every logged or replayed row ends as accepted, duplicate, rejected or dropped, or is waiting
    in memory or in the spool.
    """

    logged: int = 0
    """Rows given to the client, those it had to drop included."""
    sent: int = 0
    """Rows put on the wire, repeats included."""
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    """Rows that the server could not read."""
    dropped: int = 0
    """Rows that will never be sent again, and were not taken by the server."""
    spooled: int = 0
    """Rows written to disk while the server was away."""
    replayed: int = 0
    """Rows from the disk that the server has answered."""
    waiting: int = 0
    """Rows in memory now."""
    errors: int = 0
    """Requests that failed, and calls that broke inside the client."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Dropped rows by reason."""

    @property
    def line(self) -> str:
        """All that is not 0, as a line of a log.

        >>> Counters(logged=3, accepted=2, dropped=1, reasons={"full": 1}).line
        'logged 3, accepted 2, dropped 1 (full 1)'
        """
        counts = {part.name: getattr(self, part.name) for part in fields(self)}
        reasons = ", ".join(f"{name} {rows}" for name, rows in counts.pop("reasons").items())
        told = ", ".join(f"{name} {rows}" for name, rows in counts.items() if rows) or "no rows"
        return f"{told} ({reasons})" if reasons else told


def spelt(error: Exception) -> str:
    """An error of anybody's code as a line, even if it cannot say what it is.

    >>> spelt(ValueError("too big"))
    'ValueError: too big'
    """
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return type(error).__name__


class Tally:
    """Adds up counts from several threads."""

    def __init__(self, complaints: "Complaints") -> None:
        self._complaints = complaints
        # Re-entrant: a finalizer that logs may run in the middle of add().
        self._lock = threading.RLock()
        self._counts: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._reported = 0

    def add(self, **counts: int) -> None:
        """Add to counts by name."""
        with self._lock:
            self._counts.update(counts)

    def drop(self, reason: str, rows: int, text: str) -> None:
        """Count rows as dropped, and say so later."""
        self._complaints.note(reason, f"rows dropped, {text}")
        with self._lock:
            self._counts["dropped"] += rows
            self._reasons[reason] += rows

    def unreported(self) -> int:
        """Dropped rows that no answered request has told the server of yet."""
        return self._counts["dropped"] - self._reported

    def report(self, rows: int) -> None:
        """The server has been told of so many dropped rows."""
        self._reported += rows

    def counters(self, logged: int, waiting: int) -> Counters:
        """The counts now, with the rows that went into the ring and those still in memory.

        >>> tally = Tally(Complaints())
        >>> tally.add(logged=1)
        >>> tally.drop("closed", 1, "logged after close()")
        >>> counters = tally.counters(logged=1, waiting=1)
        >>> counters.logged, counters.dropped, counters.reasons
        (2, 1, {'closed': 1})
        """
        with self._lock:
            counts = self._counts | Counter(logged=logged, waiting=waiting)
            counts["logged"] = self._counts["logged"] + logged
            return Counters(**counts, reasons=dict(self._reasons))


class Complaints:
    """Warnings of the logger `watchkeeper`: one line a kind a minute.

    `note` may be called anywhere and does no I/O; the background thread calls `speak`.
    """

    def __init__(self, silence: float = SILENCE_SECONDS) -> None:
        self._silence = silence
        self._noted: dict[str, tuple[str, int]] = {}
        self._spoken: dict[str, float] = {}
        self._lock = threading.RLock()

    def note(self, kind: str, text: str) -> None:
        """Remember a complaint; of several of one kind the newest is said, with their number."""
        with self._lock:
            self._noted[kind] = (text, self._noted.get(kind, ("", 0))[1] + 1)

    def speak(self, *, last: bool = False) -> None:
        """Say what is due; `last` says everything, because nobody will ask again."""
        for text, times in self._due(time.monotonic(), last):
            again = f" ({times} times)" if times > 1 else ""
            logging.getLogger("watchkeeper").warning("%s%s", text, again)

    def _due(self, now: float, last: bool) -> list[tuple[str, int]]:
        with self._lock:
            kinds = [
                kind
                for kind in self._noted
                if last or now - self._spoken.get(kind, -self._silence) >= self._silence
            ]
            self._spoken.update(dict.fromkeys(kinds, now))
            return [self._noted.pop(kind) for kind in kinds]
