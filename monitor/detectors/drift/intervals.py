"""Intervals of distances: what is left of one once noise is taken away, and how far it may reach.

All are 90 % intervals, 95 % to each side, of the distance between the distributions that both
sides were drawn from. `tests/monitor/detectors/drift/test_intervals.py` measures how often they
hold it.
"""

from collections.abc import Mapping
from math import sqrt

import numpy as np
from scipy.special import ndtri

from monitor.detectors.drift.distances import Column, Counts, homogeneity, shares

Z = 1.645
"""Standard errors from an estimate to the end of its interval."""
_SKEWED = 1.9
"""The same for X^2, which is skewed and whose variance grows a little more than that of a
noncentral chi-square where the change is large; simulated."""
POWER: Mapping[str, float] = {"jensen_shannon": 0.5, "hellinger": 0.5, "chi_square": 0.5, "psi": 1}
"""Near 0 each of these grows with X^2 to this power."""
_LARGEST_GAP = 0.87
"""Mean of unchanged sides, in units of sqrt(1/n + 1/m)."""
_PICKED = 0.5
"""Standard errors by which the largest of many gaps lies above the true one, where they are much
alike: simulated for normal distributions moved by .3 to .8 deviations."""
_LARGEST_AREA = 1.25
"""Of unchanged sides: so many times its mean is exceeded in 1 of 5 cases, and by 1.65 standard
errors more in 1 of 20; simulated."""

Interval = tuple[float, float]


def scaled(value: float, before: Counts, now: Counts, power: float) -> Interval:
    """Interval of a distance that grows with a power of X^2, from counts, shape (cells,).

    X^2 exceeds what belongs to the change, lambda, by its degrees of freedom on average, and
    varies by sqrt(2 degrees + 4 lambda): a noncentral chi-square. The ends are the two lambda from
    which X^2 lies 1.9 of these away.

    Needs    5 expected rows in every cell, on each side.
    Source   P. B. Patnaik, Biometrika 36 (1949) 202.

    >>> scaled(0.0, np.array([50, 50]), np.array([50, 50]), 0.5)
    (0.0, 0.0)
    """
    statistic, degrees = homogeneity(before, now)
    if statistic <= 0:
        return 0.0, value
    middle = statistic - degrees + 2 * _SKEWED**2
    squared = 2 * _SKEWED**2 * (2 * (statistic - degrees) + 2 * _SKEWED**2 + degrees)
    reach = sqrt(max(0.0, squared))
    low, high = max(0.0, middle - reach) / statistic, max(0.0, middle + reach) / statistic
    return min(value, value * low**power), max(value, value * high**power)


def largest(before: Counts, now: Counts) -> Interval:
    """Interval of the largest change of a share, from counts, shape (cells,).

    Every cell has an interval of its own (delta method, both counts one row larger so that none is
    sure at 0), wide enough to hold for all of them at once.

    Source   Bonferroni's inequality.

    >>> low, high = largest(np.array([500, 500]), np.array([300, 100]))
    >>> round(low, 2), round(high, 2)
    (0.19, 0.31)
    """
    f, g = shares(before), shares(now)
    n, m = int(before.sum()), int(now.sum())
    error = errors((before + 1) / (n + 2), (now + 1) / (m + 2), n, m)
    reach = float(ndtri(1 - 0.025 / len(before))) * error
    gaps = np.abs(f - g)
    return float(np.max(gaps - reach, initial=0)), float(min(1.0, np.max(gaps + reach)))


def gap(f: Column, g: Column, n: int, m: int) -> Interval:
    """Interval of the largest gap of two distribution functions, of n and of m rows.

    The error of the gap where it is largest (delta method), once the square of what unchanged
    sides give is taken from the square of the gap, and what picking the largest brings.

    Source   M. Raghavachari, Ann. Statist. 1 (1973) 67, for the limit; the rest is ours.

    >>> low, high = gap(np.array([0.5, 1]), np.array([0.1, 1]), 1000, 1000)
    >>> round(low, 2), round(high, 2)
    (0.36, 0.43)
    """
    place = int(np.argmax(np.abs(f - g)))
    value = float(np.abs(f - g)[place])
    error = float(errors(f[place], g[place], n, m))
    noise = _LARGEST_GAP * sqrt(1 / n + 1 / m)
    low = max(0.0, sqrt(max(0.0, value**2 - noise**2)) - (Z + _PICKED) * error)
    return low, min(1.0, value + Z * error)


def area(x: Column, f: Column, g: Column, n: int, m: int) -> Interval:
    """Interval of the area between two distribution functions at x, of n and of m rows.

    The area is the mean over the rows of a side of the signed length of the way from the least x
    to the row, and so has that mean's error (delta method), once what unchanged sides give is
    taken from it, square from square.

    Source   E. del Barrio, E. Gine, C. Matran, Ann. Probab. 27 (1999) 1009, for unchanged sides.
    """
    gaps, widths = (g - f)[:-1], np.diff(x)
    pool = ((f * n + g * m) / (n + m))[:-1]
    spread = np.sqrt(np.maximum(0, pool * (1 - pool)) * (1 / n + 1 / m))
    noise = _LARGEST_AREA * sqrt(2 / np.pi) * float((spread * widths).sum())
    moves = np.concatenate([[0.0], np.cumsum(np.sign(gaps) * widths)])
    p, q = np.diff(f, prepend=0), np.diff(g, prepend=0)
    error = sqrt(_variance(moves, p) / n + _variance(moves, q) / m)
    value = float((np.abs(gaps) * widths).sum())
    low = max(0.0, sqrt(max(0.0, value**2 - noise**2)) - Z * error)
    return low, value + Z * error


def _variance(values: Column, weights: Column) -> float:
    mean = float((values * weights).sum())
    return max(0.0, float((np.square(values - mean) * weights).sum()))


def errors(f: Column, g: Column, n: int, m: int) -> Column:
    """Standard errors of the differences of shares, of n and of m rows."""
    return np.asarray(
        np.sqrt(np.maximum(0, f * (1 - f)) / n + np.maximum(0, g * (1 - g)) / m), np.float64
    )
