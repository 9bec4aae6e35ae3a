"""Compares two models by their losses on the same rows, and says how sure the difference is."""

from dataclasses import dataclass
from math import erf, sqrt

import numpy as np

from trainer.research.collect import Matrix

MARGIN = 0.01
"""The margin, as a share of the champion's mean loss."""
_REPLICATES = 1000


@dataclass(frozen=True, slots=True)
class Gain:
    """Mean loss of one model minus that of another on the same rows, and how sure it is.

    `probability` is that of a gain above 0, `not_worse` of one above minus the margin; `low` and
    `high` hold 90 % of the replicates; `block` is the number of neighbouring rows drawn together.
    """

    mean: float
    probability: float
    not_worse: float
    low: float
    high: float
    rows: int
    block: int


def gain(old: Matrix, new: Matrix, seed: int = 0, margin: float = MARGIN) -> Gain:
    """Compare row losses, shape (rows,) each, oldest first, by a moving block bootstrap.

        gain = mean(old - new); blocks of sqrt(rows) neighbours are drawn with replacement

    Value    in units of the loss; 0 means alike. Ties count half for the probability.
    Noise    between equal models the probability is spread evenly over 0 to 1, about.
    Errors   ValueError without rows.
    Source   H. R. Kuensch, Ann. Statist. 17 (1989) 1217.

    >>> gain(np.array([2.0, 2.0]), np.array([1.0, 1.0])).probability
    1.0
    """
    if not len(new):
        raise ValueError("a comparison needs rows")
    difference = old - new
    rows = len(difference)
    block = max(1, round(rows**0.5))
    drawn = -(-rows // block)
    sums = np.convolve(difference, np.ones(block), "valid")
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, len(sums), (_REPLICATES, drawn))
    means = sums[starts].sum(axis=1) / (drawn * block)
    least = -margin * abs(float(old.mean()))
    low, high = np.quantile(means, [0.05, 0.95]).tolist()
    return Gain(
        mean=float(difference.mean()),
        probability=float((means > 0).mean() + (means == 0).mean() / 2),
        not_worse=float((means > least).mean()),
        low=low,
        high=high,
        rows=rows,
        block=block,
    )


def probability_above(before: Matrix, now: Matrix) -> float:
    """How sure it is that the mean of some losses is above that of earlier ones; other rows.

        Phi((mean(now) - mean(before)) / sqrt(v(now) + v(before)))

    where v is the variance of the mean, from means of sqrt(rows) blocks of neighbours.

    Value    0 to 1; .5 where they are alike, or where nothing varies.
    Needs    four rows on each side; else .5.
    Noise    between alike losses spread evenly over 0 to 1, about.
    Source   batch means (C. Conway, Mgmt. Sci. 10 (1963) 47).

    >>> probability_above(np.array([0.0, 1, 0, 1]), np.array([9.0, 8, 9, 8])) > 0.99
    True
    """
    if min(len(before), len(now)) < 4:
        return 0.5
    spread = sqrt(_of_mean(before) + _of_mean(now))
    gap = float(now.mean() - before.mean())
    if not spread:
        return 0.5 if not gap else float(gap > 0)
    return (1 + erf(gap / spread / sqrt(2))) / 2


def _of_mean(losses: Matrix) -> float:
    parts = np.array_split(losses, max(2, round(len(losses) ** 0.5)))
    means = np.array([part.mean() for part in parts])
    return float(means.var(ddof=1)) / len(means)
