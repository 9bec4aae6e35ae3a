"""Compares two models by their losses on the same rows, and says how sure the difference is."""

from dataclasses import dataclass

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


def gain(old: Matrix, new: Matrix, seed: int = 0) -> Gain:
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
    margin = MARGIN * abs(float(old.mean()))
    low, high = np.quantile(means, [0.05, 0.95]).tolist()
    return Gain(
        mean=float(difference.mean()),
        probability=float((means > 0).mean() + (means == 0).mean() / 2),
        not_worse=float((means > -margin).mean()),
        low=low,
        high=high,
        rows=rows,
        block=block,
    )
