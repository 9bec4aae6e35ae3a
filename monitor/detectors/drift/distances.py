"""Distances between two distributions: one function per method, on raw values or on counts.

Counts are rows by cell, shape (cells,), in the same cells before and now.
"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, rel_entr
from scipy.special import kolmogorov as kolmogorov_tail

Column = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


def shares(counts: Counts) -> Column:
    """Counts divided by their sum. Raises ValueError if there are none."""
    total = counts.sum()
    if total <= 0:
        raise ValueError("a distance needs rows on both sides")
    return np.asarray(counts / total, np.float64)


def jensen_shannon(before: Counts, now: Counts) -> float:
    """How far two distributions lie from their middle.

        d = sqrt((sum f log2(f / m) + sum g log2(g / m)) / 2),  m = (f + g) / 2

    Value    0 to 1; 0 is the same distribution, 1 no cell in common.
    Noise    n and m rows in k cells give about sqrt((k - 1) (1/n + 1/m) / (8 ln 2)).
    Errors   ValueError if a side is empty.
    Source   D. M. Endres, J. E. Schindelin, IEEE Trans. Inf. Theory 49 (2003) 1858.

    >>> jensen_shannon(np.array([4, 0]), np.array([0, 2]))
    1.0
    """
    f, g = shares(before), shares(now)
    m = (f + g) / 2
    divergence = (rel_entr(f, m).sum() + rel_entr(g, m).sum()) / 2 / np.log(2)
    return float(np.sqrt(np.clip(divergence, 0, 1)))


def hellinger(before: Counts, now: Counts) -> float:
    """Distance of the roots of two distributions.

        d = sqrt(sum (sqrt(f) - sqrt(g))^2 / 2)

    Value    0 to 1; 0 is the same distribution, 1 no cell in common.
    Noise    n and m rows in k cells give about sqrt((k - 1) (1/n + 1/m) / 8).
    Errors   ValueError if a side is empty.
    Source   E. Hellinger, J. reine angew. Math. 136 (1909) 210.

    >>> hellinger(np.array([4, 0]), np.array([0, 2]))
    1.0
    """
    roots = np.sqrt(shares(before)) - np.sqrt(shares(now))
    return float(np.sqrt(min(1.0, np.square(roots).sum() / 2)))


def l_infinity(before: Counts, now: Counts) -> float:
    """Largest change of the share of a cell.

        d = max |f - g|

    Value    share, 0 to 1; 0 is the same distribution.
    Noise    n and m rows: about the largest sqrt(f (1 - f) (1/n + 1/m)).
    Errors   ValueError if a side is empty.
    Source   definition.

    >>> l_infinity(np.array([1, 1]), np.array([3, 1]))
    0.25
    """
    return float(np.max(np.abs(shares(before) - shares(now))))


def psi(before: Counts, now: Counts) -> float:
    """Population stability index.

        d = sum (g - f) ln(g / f),  each count half a row larger

    The half row keeps an empty cell from being infinitely far.

    Value    0 and up, in nats; 0 is the same distribution.
    Noise    n and m rows in k cells give about (k - 1) (1/n + 1/m).
    Errors   ValueError if a side is empty.
    Source   H. Jeffreys, Proc. R. Soc. A 186 (1946) 453, the symmetric divergence.

    >>> round(psi(np.array([50, 50]), np.array([80, 20])), 4)
    0.4063
    """
    shares(before), shares(now)  # refuses an empty side
    f, g = before + 0.5, now + 0.5
    f, g = f / f.sum(), g / g.sum()
    return float(((g - f) * np.log(g / f)).sum())


def homogeneity(before: Counts, now: Counts) -> tuple[float, int]:
    """Statistic and degrees of freedom of the test that both sides have one distribution.

        X^2 = sum over sides and cells of (count - expected)^2 / expected

    with expected = cell total * side total / all; cells empty on both sides do not count.

    Value    0 and up; 0 is the same distribution.
    Noise    its degrees of freedom, give or take sqrt(2 * degrees).
    Errors   ValueError if a side is empty.
    Source   K. Pearson, Phil. Mag. 50 (1900) 157.

    >>> statistic, degrees = homogeneity(np.array([10, 20]), np.array([20, 10]))
    >>> round(statistic, 6), degrees
    (6.666667, 1)
    """
    f, g = shares(before), shares(now)
    n, m = before.sum(), now.sum()
    held = before + now > 0
    pooled = (before + now)[held] / (n + m)
    weight = 1 / (1 / n + 1 / m)
    return float(weight * (np.square(f - g)[held] / pooled).sum()), int(held.sum()) - 1


def likelihood_ratio(before: Counts, now: Counts) -> float:
    """Statistic of the likelihood ratio test that both sides have one distribution.

        G = 2 sum over sides and cells of count * ln(count / expected)

    with `expected` as in `homogeneity`.

    Value    0 and up; 0 is the same distribution.
    Noise    about the degrees of freedom of `homogeneity`, more where cells are rare.
    Errors   ValueError if a side is empty.
    Source   S. S. Wilks, Ann. Math. Statist. 6 (1935) 190.

    >>> round(likelihood_ratio(np.array([10, 20]), np.array([20, 10])), 6)
    6.795961
    """
    f, g = shares(before), shares(now)
    n, m = before.sum(), now.sum()
    pooled = (before + now) / (n + m)
    total = n * rel_entr(f, pooled).sum() + m * rel_entr(g, pooled).sum()
    return float(2 * max(0.0, total))


def homogeneity_chance(before: Counts, now: Counts) -> float:
    """Chance of sides this different, if both have one distribution.

    The larger p-value of X^2 and G: far out X^2 finds an excess in a rare cell up to 10 times too
    unlikely, near by G does.

    Value    0 to 1.
    Needs    5 expected rows in every cell, on each side.
    Noise    at most a share a of values is below a; simulated down to a = 1e-5.
    Source   as `homogeneity` and `likelihood_ratio`.

    >>> round(homogeneity_chance(np.array([10, 20]), np.array([20, 10])), 6)
    0.009823
    """
    statistic, degrees = homogeneity(before, now)
    if degrees < 1:
        return 1.0
    return float(chdtrc(degrees, min(statistic, likelihood_ratio(before, now))))


def chi_square(before: Counts, now: Counts) -> float:
    """Cramer's V of the test of homogeneity.

        d = sqrt(X^2 / rows of both sides)

    Value    0 to 1; 0 is the same distribution, 1 no cell in common.
    Noise    n and m rows in k cells give about sqrt((k - 1) / (n + m)).
    Errors   ValueError if a side is empty.
    Source   H. Cramer, Mathematical Methods of Statistics (1946) 282.

    >>> chi_square(np.array([4, 0]), np.array([0, 2]))
    1.0
    """
    statistic, _ = homogeneity(before, now)
    return float(np.sqrt(min(1.0, statistic / (before.sum() + now.sum()))))


def kolmogorov_smirnov(before: Column, now: Column) -> float:
    """Largest gap between two distribution functions, from raw values, shapes (n,) and (m,).

        D = max over x of |F(x) - G(x)|

    Value    share, 0 to 1; 0 is the same distribution.
    Noise    n and m rows of one distribution give about 0.87 * sqrt(1/n + 1/m).
    Errors   ValueError if a side is empty.
    Source   N. Smirnov, Ann. Math. Statist. 19 (1948) 279.

    >>> kolmogorov_smirnov(np.array([1.0, 2, 3, 4]), np.array([3.0, 4, 5, 6]))
    0.5
    """
    _, f, g = _functions(before, now)
    return float(np.max(np.abs(f - g)))


def smirnov_chance(gap: float, n: int, m: int) -> float:
    """The p-value of a gap of two samples of n and m rows; too large where there are ties.

    >>> round(smirnov_chance(0.5, 50, 50), 7)
    7.5e-06
    """
    return float(kolmogorov_tail(gap * np.sqrt(n * m / (n + m))))


def wasserstein(before: Column, now: Column) -> float:
    """Area between two distribution functions, in standard deviations of the first.

        d = integral |F(x) - G(x)| dx / deviation of before

    Value    0 and up; 0 is the same distribution. Without any deviation before, it is in the
             unit of the values.
    Noise    n and m rows of a normal distribution give about sqrt(1/n + 1/m).
    Errors   ValueError if a side is empty.
    Source   L. V. Kantorovich, Dokl. Akad. Nauk SSSR 37 (1942) 199.

    >>> wasserstein(np.array([1.0, 3.0]), np.array([2.0, 4.0]))
    1.0
    """
    x, f, g = _functions(before, now)
    area = float(np.sum(np.abs(f - g)[:-1] * np.diff(x)))
    deviation = float(np.std(before))
    return area / deviation if deviation > 0 else area


def _functions(before: Column, now: Column) -> tuple[Column, Column, Column]:
    """Every value of both sides, in order, and the two distribution functions there."""
    if not len(before) or not len(now):
        raise ValueError("a distance needs rows on both sides")
    x = np.sort(np.concatenate([before, now])).astype(np.float64)
    f = np.searchsorted(np.sort(before), x, side="right") / len(before)
    g = np.searchsorted(np.sort(now), x, side="right") / len(now)
    return x, f, g


BY_CELL: Mapping[str, Callable[[Counts, Counts], float]] = {
    "jensen_shannon": jensen_shannon,
    "hellinger": hellinger,
    "l_infinity": l_infinity,
    "psi": psi,
    "chi_square": chi_square,
}
"""For cells in any order: of numbers and of categories."""

METHODS = (*BY_CELL, "kolmogorov_smirnov", "wasserstein")
"""What a spec may name as the drift method of a feature; the last two are for numbers only."""

DEFAULT = "jensen_shannon"
