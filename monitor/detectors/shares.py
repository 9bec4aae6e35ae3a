"""Shares of rows: how likely a share is if nothing changed, and how far it may be off."""

from math import sqrt

import numpy as np
from scipy.special import gammaln
from scipy.stats import norm

_TERMS = 100_000
"""Terms of a tail that are added: 20 standard deviations even of 100 million rows."""


def excess(hits: int, rows: int, reference_hits: int, reference_rows: int) -> float:
    """Chance of at least so many hits, if window and reference have one and the same share.

        p = sum over x >= hits of C(rows, x) C(N, K + hits - x) / C(rows + N, K + hits)

    with K hits in N reference rows. The reference is a sample too, and its error is in here.

    Value    0 to 1; 1 where the window's share is not above the reference's.
    Needs    rows that do not depend on each other.
    Noise    at most a share a of values is below a, for every a (a conditional test).
    Source   R. A. Fisher, J. R. Statist. Soc. 98 (1935) 39, one-sided.

    >>> round(excess(3, 4, 1, 4), 6)  # the lady tasting tea
    0.242857
    >>> excess(0, 100, 5, 1000)
    1.0
    """
    if not rows or not reference_rows or hits * reference_rows <= reference_hits * rows:
        return 1.0
    drawn = hits + reference_hits
    last = min(rows, drawn, hits + _TERMS)
    x = np.arange(hits, last + 1, dtype=np.float64)
    terms = _choose(rows, x) + _choose(reference_rows, drawn - x)
    total = float(np.exp(terms - _choose(rows + reference_rows, np.float64(drawn))).sum())
    return min(1.0, total)


def _choose(n: int, k: np.ndarray | np.float64) -> np.ndarray:
    """Natural logarithm of the number of ways to draw k of n."""
    return np.asarray(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0))


def wilson(share: float, rows: float, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of a share that was seen in so many rows (two-sided).

    Value    two shares, 0 to 1.
    Needs    at least one row.
    Noise    covers the true share in about `confidence` of cases, also near 0 and 1.
    Source   E. B. Wilson, J. Am. Statist. Assoc. 22 (1927) 209.

    >>> [round(end, 4) for end in wilson(0.5, 100)]
    [0.4038, 0.5962]
    """
    z = float(norm.ppf((1 + confidence) / 2))
    weight = 1 + z * z / rows
    centre = (share + z * z / (2 * rows)) / weight
    half = z * sqrt(share * (1 - share) / rows + (z / (2 * rows)) ** 2) / weight
    return max(0.0, centre - half), min(1.0, centre + half)
