"""The Shiryaev-Roberts recursion of several bets at once: exact however the values are cut."""

from collections.abc import Mapping

import numpy as np

from monitor.core.windows import Numbers

SPAN = 256
"""Factors after which the running products start anew, so that none leaves the range of floats."""


class Recursion:
    """Sum over bets k of weight * M, with M <- L * (M + 1) for each factor L; alarms past a bound.

    If every L has a mean of at most 1 given what came before, the sum minus the number of steps has
    no upward drift, so that the mean number of steps until it passes `bound` is at least `bound`.

    Source   J. Shin, A. Ramdas, A. Rinaldo, New England J. Stat. Data Sci. 2 (2024) 229: e-SR.

    Products and sums run on from call to call and start anew at fixed steps: the floats are the
    same whether steps come one by one or together.
    """

    def __init__(self, weights: Numbers, bound: float) -> None:
        self._weights = np.asarray(weights, np.float64)
        self._bound = bound
        self.restart()

    def restart(self) -> None:
        """Forget all steps."""
        self._before: Numbers = np.zeros(len(self._weights))
        self._anew()

    def _anew(self) -> None:
        self._product: Numbers = np.ones(len(self._weights))
        self._sum: Numbers = np.zeros(len(self._weights))
        self._steps = 0

    @property
    def room(self) -> int:
        """How many factors the next call may bring."""
        return SPAN - self._steps

    def advance(self, factors: Numbers) -> int | None:
        """Take factors of at least .1, shape (bets, steps), at most `room` steps.

        The step of the first alarm, or None. Restarts at an alarm; the steps behind it are not
        taken.
        """
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            products = np.cumprod(np.column_stack([self._product, factors]), axis=1)
            sums = np.cumsum(np.column_stack([self._sum, 1.0 / products[:, :-1]]), axis=1)
            state = products[:, 1:] * (self._before[:, None] + sums[:, 1:])
            level = np.cumsum(self._weights[:, None] * state, axis=0)[-1]
        over = np.flatnonzero(~(level < self._bound))
        if len(over):
            self.restart()
            return int(over[0])
        self._product = np.asarray(products[:, -1], np.float64)
        self._sum = np.asarray(sums[:, -1], np.float64)
        self._steps += factors.shape[1]
        if self._steps == SPAN:
            self._before = state[:, -1]
            self._anew()
        return None

    def to_state(self) -> dict[str, object]:
        """All that `from_state` needs, as JSON can hold it."""
        parts = {"before": self._before, "product": self._product, "sum": self._sum}
        return {name: part.tolist() for name, part in parts.items()} | {"steps": self._steps}

    def from_state(self, state: Mapping[str, object]) -> None:
        """Be as `to_state` said. Raises ValueError or KeyError for another shape."""
        shape = self._weights.shape
        self._before, self._product, self._sum = (
            np.asarray(state[name], np.float64).reshape(shape)
            for name in ("before", "product", "sum")
        )
        self._steps = int(str(state["steps"]))
