"""What Evidently 0.7.23 and NannyML 0.13.1 would say, from our functions and their conventions.

Where a convention is one of units, ours is converted; where their statistic is another one, it is
computed by its plain formula. Columns of numbers have shape (n,), categories are objects.
"""

import numpy as np
from scipy.stats import chisquare

from monitor.detectors.drift.columns import number_effect
from monitor.detectors.drift.distances import (
    hellinger,
    homogeneity,
    jensen_shannon,
    kolmogorov_smirnov,
    l_infinity,
    wasserstein,
)

FEW_DISTINCT = 20
ZERO_SHARE = 1e-4
LEAST_DEVIATION = 0.001
KNOTS = 10_000
"""NannyML cuts the range of a reference of 10,000 rows or more into so many steps."""


def kept(values):
    """Evidently drops NaN, infinities and missing values first, NannyML NaN and missing ones."""
    if values.dtype == object:
        return values[[v is not None for v in values]]
    return values[np.isfinite(values)]


def evidently_counts(before, now):
    """Equal-width bins over both sides where the reference has over 20 distinct values."""
    if before.dtype != object and len(np.unique(before)) > FEW_DISTINCT:
        edges = np.histogram_bin_edges(np.concatenate([before, now]), bins="sturges")
        return np.histogram(before, edges)[0], np.histogram(now, edges)[0]
    return counts(before, now)


def filled(shares):
    """Shares of 0 become .0001; a millionth of the least other one where that is below .0001."""
    least = shares[shares > 0].min()
    return np.where(shares == 0, least / 10**6 if least <= ZERO_SHARE else ZERO_SHARE, shares)


def counts(before, now):
    """Rows of each distinct value of either side."""
    values = np.unique(np.concatenate([before, now]))
    return (
        np.array([np.sum(before == v) for v in values]),
        np.array([np.sum(now == v) for v in values]),
    )


def evidently(method, before, now):
    """One of Evidently's values, as its test of that name returns it."""
    before, now = kept(before), kept(now)
    match method:
        case "ks":  # it returns the p-value
            return number_effect("kolmogorov_smirnov", before, now).p_value
        case "wasserstein":  # its unit is never below .001
            return wasserstein(before, now) * np.std(before) / max(np.std(before), LEAST_DEVIATION)
        case "jensenshannon":  # in nats where ours is in bits
            return jensen_shannon(*evidently_counts(before, now)) * np.sqrt(np.log(2))
        case "psi":
            f, g = (filled(c / c.sum()) for c in evidently_counts(before, now))
            return float(((g - f) * np.log(g / f)).sum())
        case "chisquare":  # goodness of fit to the reference, as if that were no sample
            f, g = counts(before, now)
            if np.any(f == 0):
                return 0.0
            return float(chisquare(g, f / f.sum() * g.sum()).pvalue)
    raise ValueError(method)


def nannyml_counts(before, now):
    """Doane's bins of the reference, and one for what lies outside them."""
    if before.dtype == object:
        return counts(before, now)
    edges = np.histogram_bin_edges(before, bins="doane")
    f, g = np.histogram(before, edges)[0], np.histogram(now, edges)[0]
    outside = len(now) - g.sum()
    return (np.append(f, 0), np.append(g, outside)) if outside else (f, g)


def nannyml(method, before, now):
    """One of NannyML's values of a chunk against a reference of at least 10,000 rows."""
    before, now = kept(before), kept(now)
    match method:
        case "jensen_shannon":
            return jensen_shannon(*nannyml_counts(before, now))
        case "hellinger":
            return hellinger(*nannyml_counts(before, now))
        case "l_infinity":
            return l_infinity(*counts(before, now))
        case "chi2":
            return corrected(*counts(before, now))
        case "kolmogorov_smirnov":
            return kolmogorov_smirnov(*(stepped(v, before) for v in (before, now)))
        case "wasserstein":
            return stepped_area(before, now)
    raise ValueError(method)


def corrected(f, g):
    """The statistic of homogeneity; with Yates' correction where there are two cells."""
    if len(f) != 2:
        return homogeneity(f, g)[0]
    table = np.stack([f, g]).astype(float)
    expected = np.outer(table.sum(1), table.sum(0)) / table.sum()
    gaps = np.abs(table - expected)
    return float((np.square(gaps - np.minimum(0.5, gaps)) / expected).sum())


def stepped(values, before):
    """Values moved up to the next of 10,001 knots over the reference's range."""
    knots = np.linspace(before.min(), before.max(), KNOTS + 1)
    # The last step holds its upper end, all others do not.
    place = np.clip(np.searchsorted(knots, values, side="right"), 0, KNOTS)
    return np.where(values > before.max(), np.inf, place.astype(float))


def stepped_area(before, now):
    """The area on 10,000 steps, unnormed; what lies outside is added on both ends."""
    f, edges = np.histogram(before, KNOTS)
    g = np.histogram(now, edges)[0]
    below, above = now[now < edges[0]], now[now > edges[-1]]
    # They count one row more than lies outside.
    left = (len(below) + 1) / len(now) if len(below) else 0.0
    right = (len(above) + 1) / len(now) if len(above) else 0.0
    f, g = np.cumsum(f / len(before)), left + np.cumsum(g / len(now))
    inside = float((np.abs(f - g) * (edges[1] - edges[0])).sum())
    return inside + left * tail(below, edges[0]) + right * tail(above, edges[-1])


def tail(values, end):
    """Mean way from rows to the end of the range, the end itself counted as a row."""
    return float(np.abs(values - end).sum() / (len(values) + 1)) if len(values) else 0.0
