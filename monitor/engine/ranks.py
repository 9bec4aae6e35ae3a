"""Losses of regression as ranks among known losses: bounded, and in no unit."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from monitor.core.windows import Numbers

FEWEST = 30
"""Losses of the reference that are enough, and own losses that say whether they fit."""
OWN = 200
"""Own losses that stand in where the reference has none that fit."""
_GRID = 256
"""Known losses that are kept, at equal shares: ranks are right to within 1/256."""
_FITTING = (0.05, 0.95)
"""Where the median of own losses may lie among those of the reference."""

Known = Callable[[], Numbers]
"""The losses of the reference, shape (n,)."""


@dataclass(slots=True)
class Ranks:
    """The share of known losses that are smaller, 0 to 1, for the losses of one version.

    Known are the reference's losses if there are 30 and the first 30 own losses lie among them: a
    model fits the rows it has learned from so well that all others would have the largest rank.
    Else the first 200 own losses are. Until it is settled no loss has a rank.

    Why  ADWIN's bound and DDM's hold for values between 0 and 1, and Page-Hinkley's threshold has
         the unit of its values.
    """

    grid: Numbers = field(default_factory=lambda: np.empty(0))
    first: list[float] = field(default_factory=list)

    def of(self, losses: Numbers, known: Known) -> Numbers:
        """The rank of each loss, shape (n,), NaN where it has none yet or the loss is not finite.

        Equals asking for one loss at a time, however they are cut.
        """
        ranks = np.full(len(losses), np.nan)
        usable = np.flatnonzero(np.isfinite(losses))
        taken = 0
        while taken < len(usable) and not len(self.grid):
            self.first.append(float(losses[usable[taken]]))
            taken += 1
            self._settle(known)
        rest = usable[taken:]
        if len(rest):
            ranks[rest] = np.searchsorted(self.grid, losses[rest]) / len(self.grid)
        return ranks

    def _settle(self, known: Known) -> None:
        if len(self.first) == FEWEST:
            losses = known()
            losses = losses[np.isfinite(losses)]
            if len(losses) >= FEWEST and _fits(losses, self.first):
                self._keep(losses)
        elif len(self.first) == OWN:
            self._keep(np.array(self.first))

    def _keep(self, losses: Numbers) -> None:
        shares = np.linspace(0, 1, _GRID)
        self.grid = np.sort(losses) if len(losses) <= _GRID else np.quantile(losses, shares)
        self.first = []

    def dump(self) -> bytes:
        """The whole state, for `load`."""
        return json.dumps({"grid": self.grid.tolist(), "first": self.first}).encode()

    @classmethod
    def load(cls, state: bytes) -> "Ranks":
        """The ranks that `dump` wrote. Raises ValueError if they cannot be read."""
        try:
            read = json.loads(state)
            return cls(np.array(read["grid"], np.float64), [float(v) for v in read["first"]])
        except (KeyError, TypeError) as problem:
            raise ValueError("the known losses cannot be read") from problem


def _fits(known: Numbers, own: list[float]) -> bool:
    low, high = _FITTING
    return low < float(np.mean(known < np.median(own))) < high
