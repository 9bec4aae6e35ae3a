"""An estimate with its error, and the kinds of it that KPIs are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc
from scipy.stats import norm, rankdata, t

from monitor.core.findings import Measurement, Worse
from monitor.detectors.drift.distances import homogeneity, likelihood_ratio
from monitor.detectors.shares import excess, wilson

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

Z = float(norm.ppf(0.975))
"""Standard errors to each end of a 95 % interval."""
REPLICATES = 200


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value, its 95 % interval, its standard error, and the rows it rests on.

    `hits` is there where the value is a share: hits / rows. `table` is there where values of
    few rows and of many do not compare: counts that do, shape (2, strata).
    """

    value: float
    low: float
    high: float
    error: float
    rows: int
    hits: int | None = None
    table: npt.NDArray[np.int64] | None = None


def share(hits: int, rows: int) -> Estimate | None:
    """A share of rows, with Wilson's interval; None without rows."""
    if not rows:
        return None
    value = hits / rows
    low, high = wilson(value, rows)
    return Estimate(value, low, high, (high - low) / (2 * Z), rows, hits)


def mean(values: Floats) -> Estimate | None:
    """A mean of at least two values, with a normal interval.

    >>> found = mean(np.array([1.0, 3.0]))
    >>> found.value, found.error
    (2.0, 1.0)
    """
    return around(float(values.mean()), values) if len(values) > 1 else None


def around(
    value: float, influence: Floats, least: float = -np.inf, most: float = np.inf
) -> Estimate:
    """A value whose error is that of the mean of its rows' influences, shape (rows,).

    Source   F. R. Hampel, J. Am. Statist. Assoc. 69 (1974) 383: the infinitesimal jackknife.
    """
    error = float(np.std(influence, ddof=1)) / sqrt(len(influence))
    low, high = max(least, value - Z * error), min(most, value + Z * error)
    return Estimate(value, low, high, error, len(influence))


def ratio(
    above: Floats, below: Floats, least: float = -np.inf, most: float = np.inf
) -> Estimate | None:
    """Sum of `above` divided by the sum of `below`; None where that is 0."""
    total = float(below.mean()) if len(below) > 1 else 0.0
    if total <= 0:
        return None
    value = float(above.mean()) / total
    return around(value, (above - value * below) / total, least, most)


def area(positive: Flags, score: Floats) -> Estimate | None:
    """Chance that a positive row scores above a negative one, ties counted half.

    Needs    two rows of each class.
    Source   E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, Biometrics 44 (1988) 837; by ranks:
             X. Sun, W. Xu, IEEE Signal Process. Lett. 21 (2014) 1389.

    >>> area(np.array([True, True, False, False]), np.array([0.9, 0.4, 0.5, 0.1])).value
    0.75
    """
    above, below = score[positive], score[~positive]
    m, n = len(above), len(below)
    if min(m, n) < 2:
        return None
    ranks = rankdata(np.concatenate([above, below]))
    wins = (ranks[:m] - rankdata(above)) / n
    losses = 1 - (ranks[m:] - rankdata(below)) / m
    value = float(wins.mean())
    error = sqrt(float(np.var(wins, ddof=1)) / m + float(np.var(losses, ddof=1)) / n)
    if error == 0:  # no positive row meets a negative one: as a share of the smaller class
        low, high = wilson(value, min(m, n))
        return Estimate(value, low, high, (high - low) / (2 * Z), m + n)
    return Estimate(value, max(0.0, value - Z * error), min(1.0, value + Z * error), error, m + n)


def resampled(value: float, replicates: Floats, rows: int) -> Estimate:
    """A share-like value with the percentile interval of its bootstrap replicates.

    The interval is moved by what the replicates lie beside the value, and holds the value.
    """
    shift = float(replicates.mean()) - value
    low, high = np.quantile(replicates - shift, [0.025, 0.975])
    low, high = max(0.0, min(float(low), value)), min(1.0, max(float(high), value))
    return Estimate(value, low, high, float(np.std(replicates, ddof=1)), rows)


def stratified_chance(before: npt.NDArray[np.int64], now: npt.NDArray[np.int64]) -> float:
    """Chance of tables this different, if the share of hits in each stratum stayed as it was.

    Tables are hits and misses by stratum, shape (2, strata). Strata with rows on one side only say
    nothing. The statistics of the strata add up, and so do their degrees of freedom.

    >>> table = np.array([[10, 80], [90, 20]])
    >>> stratified_chance(table, table)
    1.0
    """
    statistic = ratio = degrees = 0.0
    for f, g in zip(before.T, now.T, strict=True):
        if f.sum() and g.sum():
            squares, free = homogeneity(f, g)
            statistic, ratio = statistic + squares, ratio + likelihood_ratio(f, g)
            degrees += free
    return float(chdtrc(degrees, min(statistic, ratio))) if degrees else 1.0


def worse_chance(before: Estimate, now: Estimate, worse: Worse) -> float:
    """Chance of a value this much worse than before, if nothing changed.

    Shares by `excess`, exactly; those with a `table` by `stratified_chance`, and 1 where they are
    not worse; others by a t with the fewer rows' degrees of freedom, because the errors are
    estimated too.

    >>> before, now = share(900, 1000), share(80, 100)
    >>> 0 < worse_chance(before, now, Worse.BELOW) < 0.01
    True
    """
    if before.hits is not None and now.hits is not None:
        if worse is Worse.ABOVE:
            return excess(now.hits, now.rows, before.hits, before.rows)
        return excess(now.rows - now.hits, now.rows, before.rows - before.hits, before.rows)
    gap = now.value - before.value
    side = 1 if worse is Worse.ABOVE else -1
    if before.table is not None and now.table is not None:
        return stratified_chance(before.table, now.table) if side * gap > 0 else 1.0
    error = sqrt(before.error**2 + now.error**2)
    if error == 0:
        return 0.5 if side * gap <= 0 else 0.0
    return float(t.sf(side * gap / error, min(before.rows, now.rows) - 1))


def measured_kpi(
    name: str,
    now: Estimate,
    known: Estimate | None,
    worse: Worse,
    evidence: Mapping[str, object],
) -> Measurement:
    """A KPI of a window beside that of the reference; without one nothing speaks against it."""
    return Measurement(
        name,
        now.value,
        worse=worse,
        expected=None if known is None else known.value,
        p_value=1.0 if known is None else worse_chance(known, now, worse),
        low=now.low,
        high=now.high,
        evidence=evidence,
    )
