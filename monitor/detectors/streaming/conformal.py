"""A change of where numbers lie or how far they spread, whatever their distribution."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping

import numpy as np
from scipy.special import ndtr, ndtri

from monitor.core.windows import Numbers
from monitor.detectors.streaming.recursion import Recursion

_KEPT = 2_000
"""Past values among which a new one is ranked."""
_SHIFTS = (-1.0, -0.5, -0.25, 0.25, 0.5, 1.0)
"""Standard deviations by which a normal distribution would move; one bet each."""
_SPREADS = (0.6, 0.8, 1.25, 1.5, 2.0, 3.0)
"""Factors by which a normal distribution would spread; one bet each."""
_LEAST = 0.15
"""A bet keeps at least about this share of its stake."""
_MIXED = 0x9E3779B97F4A7C15
_MASK = 2**64 - 1


class Conformal:
    """Bets that the ranks of new values among past ones are not uniform.

        p = (past above x + u * (past equal to x + 1)) / (past + 1), u uniform

    once of x, once of its distance from the median of the past. While values are exchangeable both
    are uniform whatever their distribution, and a bet f(p) with integral 1 is fair. Twelve bets,
    equally weighted, through `Recursion`: f is the density of p if a normal distribution moved or
    spread. Ranks are among the last 2,000 values, and the two kinds of ranks share a sum, so the
    run length is measured (`benchmarks/detection`), not proven. All is forgotten at an alarm.

    Source   V. Vovk, I. Nouretdinov, A. Gammerman, ICML (2003) 768; V. Vovk, Stat. Sci. 36 (2021)
             595: Shiryaev-Roberts.
    """

    def __init__(self, run_length: float) -> None:
        self._edges = _edges()
        self._bets = _bets(self._edges)
        bets = self._bets.shape[0] * self._bets.shape[1]
        self._recursion = Recursion(np.full(bets, 1 / bets), run_length)
        self._forget()

    def _forget(self) -> None:
        self._sorted: list[float] = []
        self._past: list[float] = []
        self._count = 0

    def feed(self, values: Numbers) -> list[int]:
        """Learn values, shape (n,), each finite; where it alarmed."""
        found: list[int] = []
        start = 0
        while start < len(values):
            part = values[start : start + self._recursion.room]
            ranks = np.array([self._ranked(value) for value in part.tolist()])
            cells = np.searchsorted(self._edges, ranks) - 1
            hit = self._recursion.advance(
                np.concatenate([b[:, c] for b, c in self._by_kind(cells)])
            )
            if hit is None:
                start += len(part)
                continue
            found.append(start + hit)
            start += hit + 1
            self._forget()
        return found

    def _by_kind(self, cells: np.ndarray) -> list[tuple[Numbers, np.ndarray]]:
        cells = np.clip(cells, 0, self._bets.shape[2] - 1)
        return list(zip(self._bets, cells.T, strict=True))

    def _ranked(self, value: float) -> tuple[float, float]:
        """The two ranks of a value, and learn it."""
        past, self._count = self._sorted, self._count + 1
        n = len(past)
        middle = past[n // 2] if past else value
        low, high = sorted((value, 2 * middle - value))
        left, right = bisect_left(past, value), bisect_right(past, value)
        within = bisect_left(past, high) - bisect_right(past, low)
        closed = bisect_right(past, high) - bisect_left(past, low)
        place = (n - right + _uniform(2 * self._count) * (right - left + 1)) / (n + 1)
        far = n - max(0, closed)
        equal = max(0, closed) - max(0, within)
        distance = (far + _uniform(2 * self._count + 1) * (equal + 1)) / (n + 1)
        self._learn(value)
        return place, distance

    def _learn(self, value: float) -> None:
        insort(self._sorted, value)
        if len(self._past) < _KEPT:
            self._past.append(value)
            return
        slot = (self._count - 1) % _KEPT
        del self._sorted[bisect_left(self._sorted, self._past[slot])]
        self._past[slot] = value

    def to_state(self) -> dict[str, object]:
        """All that `from_state` needs, as JSON can hold it."""
        past = {"past": list(self._past), "count": self._count}
        return {"recursion": self._recursion.to_state(), **past}

    def from_state(self, state: Mapping[str, object]) -> None:
        """Be as `to_state` said. Raises ValueError, KeyError or TypeError if it cannot be read."""
        recursion, past = state["recursion"], state["past"]
        if not isinstance(recursion, Mapping) or not isinstance(past, list):
            raise TypeError("the state of the ranks is missing")
        self._recursion.from_state(recursion)
        self._past = [float(value) for value in past]
        self._sorted = sorted(self._past)
        self._count = int(str(state["count"]))


def _uniform(count: int) -> float:
    """A number between 0 and 1 that is the same for the same count.

    Source   G. Steele, D. Lea, C. Flood, OOPSLA (2014) 453: SplitMix.
    """
    z = (count * _MIXED) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((z ^ (z >> 31)) + 0.5) / 2.0**64


def _edges() -> Numbers:
    """Cells of p, finer towards 0 and 1."""
    half = np.geomspace(1e-5, 0.5, 100)
    return np.concatenate([[0.0], half, 1 - half[-2::-1], [1.0]])


def _bets(edges: Numbers) -> Numbers:
    """What each bet pays in each cell, shape (2, bets, cells): its mean over the cell."""
    upper = -ndtri(edges)  # the normal value above which a share p lies
    moved = [ndtr(-(upper - shift)) for shift in _SHIFTS]
    outside = -ndtri(edges / 2)  # the distance beyond which a share p lies
    spread = [2 * ndtr(-outside / factor) for factor in _SPREADS]
    masses = np.array([np.diff(kind, axis=1) for kind in (np.array(moved), np.array(spread))])
    paid = np.maximum(_LEAST, masses / np.diff(edges))
    return np.asarray(paid / (paid @ np.diff(edges))[..., None], np.float64)
