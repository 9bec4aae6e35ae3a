"""What each cell adds to a distance: which values moved, and how much of it they explain."""

from collections.abc import Callable, Mapping

import numpy as np
from scipy.special import rel_entr

from monitor.detectors.drift.distances import Column, Counts, shares

_Terms = Callable[[Counts, Counts], Column]


def _divergence(before: Counts, now: Counts) -> Column:
    f, g = shares(before), shares(now)
    m = (f + g) / 2
    return np.asarray((rel_entr(f, m) + rel_entr(g, m)) / 2 / np.log(2))


def _roots(before: Counts, now: Counts) -> Column:
    return np.asarray(np.square(np.sqrt(shares(before)) - np.sqrt(shares(now))) / 2)


def _gaps(before: Counts, now: Counts) -> Column:
    return np.asarray(np.abs(shares(before) - shares(now)))


def _stability(before: Counts, now: Counts) -> Column:
    f, g = before + 0.5, now + 0.5
    f, g = f / f.sum(), g / g.sum()
    return np.asarray((g - f) * np.log(g / f))


def _squares(before: Counts, now: Counts) -> Column:
    n, m = before.sum(), now.sum()
    pool = np.maximum(1, before + now) / (n + m)
    return np.asarray(np.square(shares(before) - shares(now)) / pool * n * m / (n + m) ** 2)


TERMS: Mapping[str, _Terms] = {
    "jensen_shannon": _divergence,
    "hellinger": _roots,
    "l_infinity": _gaps,
    "psi": _stability,
    "chi_square": _squares,
    "kolmogorov_smirnov": _gaps,
}
"""By method, terms of at least 0, shape (cells,). Those of `jensen_shannon`, `hellinger` and
`chi_square` add up to the distance's square, those of `psi` to the distance; the largest of
`l_infinity` is the distance. Those of `kolmogorov_smirnov` are what moved."""


def contributions(method: str, before: Counts, now: Counts) -> Column:
    """The part of a distance that each cell explains, shape (cells,).

    Value    shares that add up to 1; all 0 where there is no distance.
    Noise    cells that did not change share what chance gives, in proportion to their number.
    Errors   ValueError if a side is empty.
    Source   the definition of each method, term by term.

    >>> contributions("l_infinity", np.array([5, 5, 0]), np.array([5, 0, 5])).tolist()
    [0.0, 0.5, 0.5]
    """
    return normed(TERMS[method](before, now))


def normed(terms: Column) -> Column:
    """Terms divided by their sum; all 0 where it is."""
    total = terms.sum()
    return np.asarray(terms / total if total > 0 else np.zeros(len(terms)))
