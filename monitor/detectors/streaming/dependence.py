"""How far neighbouring numbers of a stream depend on each other, and what undoes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from monitor.core.windows import Numbers

FIRST = 250
"""Values that say how a stream is guarded, before any is looked at."""
LATER = 1_000
"""Values after which that is looked at again."""
_ERRORS = 3.5
"""Standard errors, 1 / sqrt(n), past which an autocorrelation is no accident."""
_PART = 50
"""Values that share a mean."""
_SIZES = (10, 20, 50, 100)
"""Values in a block, of which the mean is taken."""
_LEFT = 0.1
"""Autocorrelation of neighbouring blocks that is borne."""


def autocorrelation(values: Numbers) -> float:
    """Lag-1 autocorrelation of values, shape (n,).

        r = sum of (x[t] - mean) * (x[t-1] - mean) / sum of (x[t] - mean)^2

    Value    -1 to 1; 0 where values do not depend on each other, are constant or fewer than 3.
    Noise    about 1 / sqrt(n) around 0 for independent values.
    Source   G. Box, G. Jenkins, Time Series Analysis (1970), 2.1.5.

    >>> round(autocorrelation(np.array([1.0, 2, 3, 4, 5])), 3)
    0.4
    """
    if len(values) < 3:
        return 0.0
    off = values - values.mean()
    below = float(off @ off)
    return float(off[1:] @ off[:-1]) / below if below > 0 else 0.0


def effective_rows(values: Numbers) -> float:
    """How many independent values tell as much about the mean as these do.

        n * (1 - r) / (1 + r), r the lag-1 autocorrelation where it is above 0

    Value    above 0, at most n.
    Source   H. von Storch, F. Zwiers, Statistical Analysis in Climate Research (1999), 6.6.8.

    >>> effective_rows(np.array([1.0, 2, 1, 2]))
    4.0
    """
    r = min(0.99, max(0.0, autocorrelation(values)))
    return len(values) * (1 - r) / (1 + r)


def significant(values: Numbers) -> float:
    """The lag-1 autocorrelation within parts of 50 values, if too large for an accident, else 0.

    Each part has its own mean, so that a level that moved is not taken for dependence; what the
    short parts hide, about (1 + 3 r) / 50, is added.

    Source   F. Marriott, J. Pope, Biometrika 41 (1954) 390: the bias.
    """
    whole = len(values) // _PART * _PART
    if not whole:
        return 0.0
    parts = values[:whole].reshape(-1, _PART)
    off = parts - parts.mean(axis=1, keepdims=True)
    below = float(np.sum(off * off))
    r = float(np.sum(off[:, 1:] * off[:, :-1])) / below if below > 0 else 0.0
    r += (1 + 3 * max(0.0, r)) / _PART
    return min(r, 0.99) if r * whole**0.5 > _ERRORS and below > 0 else 0.0


def block_size(r: float) -> int:
    """The smallest block whose means hardly depend on each other, if values are AR(1) with r.

        r * (1 - r^b)^2 / (b * (1 - r^2) - 2 r (1 - r^b)): lag-1 autocorrelation of means of b

    >>> [block_size(r) for r in (0.0, 0.5, 0.8, 0.99)]
    [1, 10, 50, 100]
    """
    if r <= 0:
        return 1
    r = min(r, 0.99)
    for size in _SIZES:
        rest = 1 - r**size
        if r * rest * rest <= _LEFT * (size * (1 - r * r) - 2 * r * rest):
            return size
    return _SIZES[-1]


@dataclass(slots=True)
class Blocks:
    """Means of `size` neighbouring values each; bounded values stay bounded."""

    size: int = 1
    rest: list[float] = field(default_factory=list)

    def __call__(self, values: Numbers) -> tuple[Numbers, np.ndarray]:
        """Means, and the index of the value that completed each."""
        if self.size == 1:
            return values, np.arange(len(values))
        kept = len(self.rest)
        joined = np.concatenate([self.rest, values])
        whole = len(joined) // self.size
        self.rest = joined[whole * self.size :].tolist()
        parts = joined[: whole * self.size].reshape(whole, self.size)
        means = np.cumsum(parts, axis=1)[:, -1] / self.size
        return means, (np.arange(whole) + 1) * self.size - 1 - kept

    def span(self, outputs: int) -> int:
        """How many further values complete so many means."""
        return outputs * self.size - len(self.rest)

    def stronger(self, r: float) -> "Blocks":
        """For what has this autocorrelation still: larger blocks."""
        return Blocks(min(_SIZES[-1], self.size * block_size(r)))

    def to_state(self) -> dict[str, object]:
        """As JSON can hold it."""
        return {"size": self.size, "rest": list(self.rest)}

    @classmethod
    def from_state(cls, state: Mapping[str, object]) -> "Blocks":
        """What `to_state` said. Raises KeyError, TypeError or ValueError."""
        rest = state["rest"]
        if not isinstance(rest, list):
            raise TypeError("the rest of a block is a list")
        return cls(int(str(state["size"])), [float(v) for v in rest])
