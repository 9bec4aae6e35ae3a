"""How far a number may reach, judged from the profile of a sample that did not reach so far.

The largest of 20,000 rows is no bound: the next 20,000 rows pass it half of the time. So the tail
is carried on, as a generalised Pareto tail fitted to quantiles, to where one row in 10^8 falls.
"""

from collections.abc import Callable

import numpy as np

from monitor.core.profile import Profile

FEWEST = 100
"""Rows below which nothing is said about a tail."""
_RARE = 1e-8
"""Chance of a row outside, to either side."""
_SHORTEST, _LONGEST, _MARGIN = -0.2, 0.5, 0.05
"""Bounds of the tail's shape (0 is exponential, 1/3 is Student's t with 3), and what is added."""
_WIDEST = 50.0
"""The bound is at most so many times as far from the median as the largest value is."""
_LEAST = 0.1
"""And at least so much farther."""
_BENT, _SHARE_ROOM = 2.0, 1.25

_Quantile = Callable[[float], float]
"""The value that a share of the rows exceeds."""


def reach(profile: Profile) -> tuple[float | None, float | None]:
    """The least and the most that the feature may be; None where nothing can be said.

    Positive skewed values are judged on a log scale. What is never negative stays so unless it
    keeps far from 0, and shares stay within 0 to 1 unless their tail runs past 1.

    Noise      a reference and windows of 20,000 rows: at most 3 of 1,000 windows have a row
               outside (normal, lognormal, uniform, exponential, Student's t with 3).
    Source     J. Pickands, Ann. Statist. 3 (1975) 119: the fit by quantiles.
    """
    n = profile.finite
    width = float(profile.maximum) - float(profile.minimum)
    if n < FEWEST or profile.bins is None or not 1e-300 < width < np.inf:
        return None, None
    low = -_end(lambda share: -profile.quantile(share), -float(profile.minimum), n)
    high = _highest(profile, n)
    if 0 <= profile.minimum < width:
        low = 0.0
    if -width < profile.maximum <= 0:
        high = 0.0
    if low == 0.0 and profile.maximum <= 1 and high <= _SHARE_ROOM:
        high = 1.0
    return _rounded(low, np.floor), _rounded(high, np.ceil)


def _highest(profile: Profile, n: int) -> float:
    middle = profile.quantile(0.5)
    above, below = profile.quantile(0.9) - middle, middle - profile.quantile(0.1)
    if profile.minimum > 0 and above > _BENT * below:
        log_end = _end(
            lambda share: float(np.log(profile.quantile(1 - share))),
            float(np.log(profile.maximum)),
            n,
            longest=0.0,
        )
        widest = middle + _WIDEST * (float(profile.maximum) - middle)
        return float(min(np.exp(min(log_end, 700.0)), widest))
    return _end(lambda share: profile.quantile(1 - share), float(profile.maximum), n)


def _end(exceeded: _Quantile, top: float, n: int, longest: float = _LONGEST) -> float:
    """Where the upper tail ends; `top` is the largest value seen, at a share of about 0.7 / n."""
    near = max(1 / 128, 16 / n)
    far = min(0.25, 8 * near)
    middle = exceeded(0.5)
    outer = _shape([exceeded(far), exceeded(near), top], [far, near, 0.7 / n])
    inner = [min(0.45, 16 * near), min(0.3, 4 * near), near]
    shape = max(outer, _shape([exceeded(share) for share in inner], inner), _SHORTEST)
    shape = min(shape, longest) + _MARGIN
    step = (exceeded(near) - exceeded(far)) / _grown(near / far, shape)
    end = exceeded(far) + step * _grown(_RARE / far, shape)
    end = max(end, top + _LEAST * (top - middle))
    return float(min(end, middle + _WIDEST * (top - middle)))


def _grown(share: float, shape: float) -> float:
    """How far a tail of this shape and of unit scale reaches, when a share of it is left."""
    if abs(shape) < 1e-9:
        return float(-np.log(share))
    return float((share**-shape - 1) / shape)


def _shape(values: list[float], shares: list[float]) -> float:
    """The shape of the tail through three values that these shares of the rows exceed.

    Found by bisection: the ratio of the two steps rises with the shape.
    """
    first, second = values[1] - values[0], values[2] - values[1]
    if first <= 0:
        return _LONGEST if second > 0 else _SHORTEST
    low, high = -2.0, 2.0
    for _ in range(40):
        middle = (low + high) / 2
        a, b, c = (_grown(share / shares[0], middle) for share in shares)
        if (c - b) / (b - a) < second / first:
            low = middle
        else:
            high = middle
    return low


def _rounded(value: float, way: Callable[[float], float]) -> float | None:
    """The value in two digits, away from the data; None past what a float holds.

    >>> _rounded(123.4, np.ceil), _rounded(-0.0567, np.floor), _rounded(np.inf, np.ceil)
    (130.0, -0.057, None)
    """
    if not np.isfinite(value):
        return None
    if value == 0:
        return 0.0
    unit = 10.0 ** (np.floor(np.log10(abs(value))) - 1)
    return float(f"{way(round(value / unit, 9)) * unit:.12g}")
