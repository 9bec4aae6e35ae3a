"""A changed distribution of an embedding: where its middle went, and what tells rows apart.

Rows are vectors, shape (rows, dimensions); those with a NaN or an infinity are left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.special import chdtrc

from monitor.core.findings import Measurement
from monitor.core.windows import Numbers
from monitor.detectors.drift.telling import FEWEST, ROWS, linear, measured

VARIANCE = 0.95
"""Share of the reference's variance on the axes that are looked at."""
MOST_AXES = 50
_Z = 1.9
"""As for X^2 in `intervals.py`."""


@dataclass(frozen=True, slots=True)
class Axes:
    """The principal axes of a reference: its middle, directions and their deviations."""

    centre: Numbers
    directions: Numbers
    deviations: Numbers

    @classmethod
    def of(cls, before: Numbers) -> "Axes":
        """Those that hold 95 % of the variance, at most 50 and one for ten rows."""
        centre = before.mean(0)
        _, singular, directions = np.linalg.svd(before - centre, full_matrices=False)
        variance = np.square(singular) / max(1, len(before) - 1)
        held = int(np.sum(variance > 1e-12 * max(variance.sum(), 1e-300)))
        parts = np.cumsum(variance) / max(variance.sum(), 1e-300)
        count = int(np.searchsorted(parts, VARIANCE)) + 1
        count = min(count, held, MOST_AXES, max(1, len(before) // 10))
        return cls(centre, directions[:count], np.sqrt(variance[:count]))

    def places(self, rows: Numbers) -> Numbers:
        """Where rows lie on the axes, shape (rows, axes), in deviations."""
        return np.asarray((rows - self.centre) @ self.directions.T / self.deviations)


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
    axes = Axes.of(before)
    if len(axes.deviations):
        yield _distance(axes.places(before), axes.places(now), feature)
        yield _apart(axes.places(before[:ROWS]), axes.places(now[:ROWS]), feature)


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
