"""A changed distribution of an embedding: where its middle went, and what tells rows apart.

Rows are vectors, shape (rows, dimensions); those with a NaN or an infinity are left out.
"""

from collections.abc import Iterator
from math import sqrt

import numpy as np
from scipy.special import chdtrc
from threadpoolctl import threadpool_limits

from monitor.core.findings import Measurement
from monitor.core.windows import Numbers
from monitor.detectors.drift.axes import Axes
from monitor.detectors.drift.telling import FEWEST, ROWS, linear, measured

_Z = 1.9
"""As for X^2 in `intervals.py`."""


def embedding(before: Numbers, now: Numbers, feature: str) -> Iterator[Measurement]:
    """How far the middle went on the reference's axes, and the AUC of telling rows apart.

    `mean_distance`: sqrt of the sum of squared differences of means, in deviations of each axis
    (a Mahalanobis distance). `classifier`: AUC of a logistic regression on places and squares.

    Value    `mean_distance` 0 and up, `classifier` .5 to 1; worse above; 90 % and 95 % intervals.
    Needs    100 finite rows of each side.
    Noise    `mean_distance` about sqrt(axes * (1/n + 1/m)), which `low` is free of.
    Source   H. Hotelling, Ann. Math. Statist. 2 (1931) 360, with its limit, chi-square.
    """
    before, now = (side[np.isfinite(side).all(1)] for side in (before, now))
    if min(len(before), len(now)) < FEWEST:
        return
    with threadpool_limits(1):
        axes = Axes.of(before)
        places = axes.places(before), axes.places(now)
    if len(axes.deviations):
        yield _distance(*places, feature)
        yield _apart(places[0][:ROWS], places[1][:ROWS], feature)


def _distance(before: Numbers, now: Numbers, feature: str) -> Measurement:
    n, m, axes = len(before), len(now), before.shape[1]
    gaps = now.mean(0) - before.mean(0)
    squared, noise = float(np.square(gaps).sum()), 1 / n + 1 / m
    # Under no change both sides have the deviations of the reference, so this is a chi-square.
    statistic = squared / noise
    middle = statistic - axes + 2 * _Z**2
    reach = _Z * sqrt(max(0.0, 4 * (statistic - axes) + 4 * _Z**2 + 2 * axes))
    value = sqrt(squared)
    carried = np.square(gaps) / squared if squared > 0 else gaps
    top = np.argsort(-carried, kind="stable")[:5]
    return Measurement(
        "mean_distance",
        value,
        feature,
        p_value=float(chdtrc(axes, statistic)),
        low=min(value, sqrt(max(0.0, middle - reach) * noise)),
        high=max(value, sqrt(max(0.0, middle + reach) * noise)),
        evidence={"axes": [{"axis": int(i), "part": float(carried[i])} for i in top]},
    )


def _apart(before: Numbers, now: Numbers, feature: str) -> Measurement:
    places = np.concatenate([before, now])
    columns = np.concatenate([places, np.square(places)], 1)
    columns = columns / np.maximum(columns.std(0), 1e-12)
    side = np.arange(len(columns)) >= len(before)
    return measured(linear(columns, side, 0.1), feature)
