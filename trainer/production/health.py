"""How a version does while it answers: rows, rows it could not answer, and how long they took."""

import threading
from collections import deque
from dataclasses import dataclass, field
from statistics import median

_KEPT = 500
_FEWEST = 100
_SLOW_MS = 50.0
_SLOWER = 5.0


@dataclass(slots=True)
class Health:
    """Counts of one version; any thread may add to them. Times are milliseconds a row."""

    answered: int = 0
    failed: int = 0
    problem: str = ""
    milliseconds: "deque[float]" = field(default_factory=lambda: deque(maxlen=_KEPT))
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def well(self, rows: int, seconds: float) -> None:
        """Rows were answered in so many seconds."""
        with self._guard:
            self.answered += rows
            self.milliseconds.append(seconds * 1e3 / max(rows, 1))

    def badly(self, rows: int, problem: str) -> None:
        """Rows could not be answered."""
        with self._guard:
            self.failed += rows
            self.problem = problem

    @property
    def typical(self) -> float | None:
        """The median time of a row; None after fewer than 100 calls."""
        with self._guard:
            times = list(self.milliseconds)
        return median(times) if len(times) >= _FEWEST else None

    def trouble(self, rival: "Health") -> str:
        """What speaks for going back to the rival at once; empty if nothing does.

        Any row that it could not answer, or a median of more than 50 ms and five times the rival's.
        """
        if self.failed:
            return f"{self.failed} rows could not be answered: {self.problem}"
        now, before = self.typical, rival.typical
        if now is not None and now > max(_SLOW_MS, _SLOWER * (before or 0.0)):
            told = "" if before is None else f", the version before {before:.1f}"
            return f"a row takes {now:.1f} ms{told}"
        return ""
