"""A mean that rises above a baseline: the one-sided mixture e-detector."""

from collections.abc import Mapping

import numpy as np

from monitor.core.windows import Numbers
from monitor.detectors.streaming.recursion import Recursion

BETS = 10
_LEAST, _MOST = 0.04, 0.3
"""Shares of the stake that are bet; larger ones suit larger rises."""
_FIRST = 100
"""Values from which a baseline is learned before anything is bet against it."""
_MARGIN = 0.25
"""Standard errors by which a learned baseline is raised."""
_LOWEST = 1e-3
"""A baseline is at least this: a smaller one would make a single error an alarm."""


class Rising:
    """Bets that values of 0 or more have a mean above the baseline m.

        L = 1 + bet * (x / m - 1)

    Ten bets, spaced evenly in their logarithm, equally weighted, each through `Recursion`. With a
    known baseline that holds the mean run length is at least `run_length`. Else the mean of all
    values since the last alarm, plus a quarter of a standard error, is the baseline: no proof, but
    measured in `benchmarks/detection`.

    Source   J. Shin, A. Ramdas, A. Rinaldo, New England J. Stat. Data Sci. 2 (2024) 229.

    >>> core = Rising(100.0, baseline=0.5)
    >>> core.feed(np.ones(20))
    [17]
    """

    def __init__(self, run_length: float, baseline: float | None = None) -> None:
        self._known = None if baseline is None else max(_LOWEST, baseline)
        self._bets = np.geomspace(_LEAST, _MOST, BETS)
        self._recursion = Recursion(np.full(BETS, 1 / BETS), run_length)
        self._forget()

    def _forget(self) -> None:
        self._count = 0
        self._total = self._squares = 0.0

    def feed(self, values: Numbers) -> list[int]:
        """Learn values, shape (n,), each finite and at least 0; where it alarmed."""
        found: list[int] = []
        start = 0 if self._known is not None else self._learn_first(values)
        while start < len(values):
            part = values[start : start + self._recursion.room]
            against = self._known if self._known is not None else self._learned(part)
            hit = self._recursion.advance(1 + self._bets[:, None] * (part / against - 1))
            if hit is None:
                start += len(part)
                continue
            found.append(start + hit)
            start += hit + 1
            if self._known is None:
                self._forget()
                start += self._learn_first(values[start:])
        return found

    def _learn_first(self, values: Numbers) -> int:
        """Learn what a baseline needs before the first bet; how many values that took."""
        part = values[: max(0, _FIRST - self._count)]
        if len(part):
            self._learned(part)
        return len(part)

    def _learned(self, part: Numbers) -> Numbers:
        """The baseline before each value, shape (n,), each learned from those before it."""
        totals = np.cumsum(np.concatenate([[self._total], part]))
        squares = np.cumsum(np.concatenate([[self._squares], part * part]))
        rows = np.maximum(1.0, self._count + np.arange(len(part), dtype=np.float64))
        mean = totals[:-1] / rows
        spread = np.maximum(0.0, squares[:-1] / rows - mean * mean)
        self._total, self._squares = float(totals[-1]), float(squares[-1])
        self._count += len(part)
        return np.maximum(_LOWEST, mean + _MARGIN * np.sqrt(spread / rows))

    def to_state(self) -> dict[str, object]:
        """All that `from_state` needs, as JSON can hold it."""
        learned = {"count": self._count, "total": self._total, "squares": self._squares}
        return {"recursion": self._recursion.to_state(), **learned}

    def from_state(self, state: Mapping[str, object]) -> None:
        """Be as `to_state` said. Raises ValueError, KeyError or TypeError if it cannot be read."""
        recursion = state["recursion"]
        if not isinstance(recursion, Mapping):
            raise TypeError("the state of the recursion is missing")
        self._recursion.from_state(recursion)
        self._count = int(str(state["count"]))
        self._total, self._squares = float(str(state["total"])), float(str(state["squares"]))
