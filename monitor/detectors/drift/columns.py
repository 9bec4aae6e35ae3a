"""Two columns of values compared as they are: what a comparison of profiles comes close to.

For rows at hand that nobody has profiled; and the measure of what binning costs.
"""

import warnings
from collections import Counter
from dataclasses import replace

import numpy as np
from scipy.stats import ks_2samp

from monitor.core.profile import Bins, Profile
from monitor.core.spec import FeatureType
from monitor.core.windows import Labels, Numbers
from monitor.detectors.drift import intervals
from monitor.detectors.drift.distances import kolmogorov_smirnov, smirnov_chance, wasserstein
from monitor.detectors.drift.effects import Effect, NotCompared, effect

_EXACT_ROWS = 10_000
"""So many rows of the larger side have the exact p-value of Smirnov's test; more have its limit."""


def number_profile(values: Numbers, bins: Bins | None = None) -> Profile:
    """The profile of numbers, shape (n,), in given bins or else in its own.

    NaN and infinities are counted as `nonfinite`, and are no value.

    >>> profile = number_profile(np.array([1.0, 2.0, 2.0, np.nan]))
    >>> profile.rows, profile.finite, profile.counts.tolist()
    (4, 3, [0, 1, 2, 0])
    """
    values = np.asarray(values, np.float64)
    finite = np.sort(values[np.isfinite(values)])
    bins = Bins.of(finite) if bins is None else bins
    below = np.searchsorted(finite, bins.edges, side="left")
    with np.errstate(over="ignore"):
        return Profile(
            FeatureType.NUMBER,
            rows=len(values),
            nonfinite=len(values) - len(finite),
            minimum=float(finite[0]) if len(finite) else np.inf,
            maximum=float(finite[-1]) if len(finite) else -np.inf,
            total=float(finite.sum()),
            squares=float(np.square(finite).sum()),
            bins=bins,
            counts=np.diff(below, prepend=0, append=len(finite)).astype(np.int64),
        )


def category_profile(values: Labels) -> Profile:
    """The profile of categories, shape (n,), None where missing.

    >>> category_profile(np.array(["a", "b", "a", None], object)).categories
    {'a': 2, 'b': 1}
    """
    counts = Counter(values.tolist())
    missing = counts.pop(None, 0)
    return Profile(FeatureType.CATEGORY, rows=len(values), missing=missing, categories=dict(counts))


def number_effect(
    method: str | None, before: Numbers, now: Numbers, fewest: int = 1
) -> Effect | NotCompared:
    """What changed between two columns of numbers, shapes (n,) and (m,).

    `kolmogorov_smirnov` and `wasserstein` are those of the values themselves; the others, which are
    distances of counts, count in the cells that profiles have too. Wasserstein's unit is the
    standard deviation of `before` (n).

    Noise    as `effect`; Smirnov's p-value is exact up to 10,000 rows.
    Errors   never; NaN and infinities are left out.

    >>> rng = np.random.default_rng(1)
    >>> found = number_effect("wasserstein", rng.normal(0, 1, 5000), rng.normal(1, 1, 5000))
    >>> round(found.value, 1)
    1.0
    """
    profile = number_profile(before)
    found = effect(method, profile, number_profile(now, profile.bins), fewest)
    if isinstance(found, NotCompared):
        return found
    before, now = before[np.isfinite(before)], now[np.isfinite(now)]
    match found.method:
        case "kolmogorov_smirnov":
            return _smirnov(found, before, now)
        case "wasserstein":
            return _wasserstein(found, before, now)
        case _:
            return found


def category_effect(
    method: str | None, before: Labels, now: Labels, fewest: int = 1
) -> Effect | NotCompared:
    """What changed between two columns of categories, shapes (n,) and (m,), None where missing."""
    return effect(method, category_profile(before), category_profile(now), fewest)


def _functions(before: Numbers, now: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Every distinct value, in order, and both distribution functions there."""
    x = np.unique(np.concatenate([before, now]))
    f = np.searchsorted(np.sort(before), x, side="right") / len(before)
    g = np.searchsorted(np.sort(now), x, side="right") / len(now)
    return x, f, g


def _smirnov(found: Effect, before: Numbers, now: Numbers) -> Effect:
    value, n, m = kolmogorov_smirnov(before, now), len(before), len(now)
    _, f, g = _functions(before, now)
    low, high = intervals.gap(f, g, n, m)
    chance = smirnov_chance(value, n, m)
    if max(n, m) <= _EXACT_ROWS:
        with warnings.catch_warnings():  # some sizes overflow the exact sum; the limit stands then
            warnings.simplefilter("ignore", RuntimeWarning)
            chance = float(ks_2samp(before, now, method="exact").pvalue)
    return replace(found, value=value, low=low, high=high, p_value=chance)


def _wasserstein(found: Effect, before: Numbers, now: Numbers) -> Effect:
    low, high = intervals.area(*_functions(before, now), len(before), len(now))
    unit = float(np.std(before)) or 1.0
    value = wasserstein(before, now)
    return replace(found, value=value, low=low / unit, high=high / unit)
