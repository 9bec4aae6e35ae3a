"""How much changed between two profiles: a distance, its interval, and its chance."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np

from monitor.core.profile import Profile
from monitor.core.spec import FeatureType
from monitor.core.windows import Numbers
from monitor.detectors.drift.cells import (
    Aligned,
    Cells,
    Pooled,
    aligned,
    categories,
    numbers,
    pooled,
)
from monitor.detectors.drift.distances import (
    BY_CELL,
    DEFAULT,
    METHODS,
    homogeneity,
    homogeneity_chance,
    shares,
    smirnov_chance,
)
from monitor.detectors.shares import excess

Z = 1.645
"""Standard errors from an estimate to the end of its interval: 95 % to each side."""
FEWEST_REFERENCE = 30
_POWER: Mapping[str, float] = {"jensen_shannon": 0.5, "hellinger": 0.5, "chi_square": 0.5, "psi": 1}
"""Near 0 each of these grows with X^2 to this power."""
_PSI_CELLS = 10
_COUNTED = frozenset({FeatureType.CATEGORY, FeatureType.BOOLEAN})


@dataclass(frozen=True, slots=True)
class Effect:
    """A distance with both ends of its 90 % interval, debiased, and its p-value."""

    method: str
    value: float
    low: float
    high: float
    p_value: float
    evidence: Mapping[str, object]


def effect(method: str | None, before: Profile, now: Profile) -> Effect | None:
    """What changed from a reference to a window, by a method or else by the default.

    A method for numbers falls back to the default on categories. None where there is nothing to
    compare: text and embeddings, too small a reference, bins without a common edge.
    """
    if before.finite < FEWEST_REFERENCE or not now.finite or before.type is not now.type:
        return None
    method = method if method in METHODS else DEFAULT
    if before.type in _COUNTED:
        cells: Cells | None = categories(before, now)
        method = method if method in BY_CELL else DEFAULT
    else:
        cells = numbers(before, now, _PSI_CELLS if method == "psi" else 20)
    if cells is None or not cells.before.sum() or not cells.now.sum():
        return None
    evidence = {"moved": cells.moved(), **_moments(before, now)}
    match method:
        case "kolmogorov_smirnov":
            return _smirnov(before, now, evidence)
        case "wasserstein":
            return _wasserstein(before, now, pooled(cells), evidence)
        case _:
            return _by_cell(method, pooled(cells), evidence)


def chance(counts: Pooled) -> float:
    """The p-value that both sides have one distribution.

    By `homogeneity_chance` over the common cells. Rare ones, together still too rare for it, are
    tested by `excess`, times the ways to split them between both ends of the range: those ends
    were chosen by looking at the reference. Two tests, so twice the smaller p-value.
    """
    if not counts.rare:
        return homogeneity_chance(counts.before, counts.now)
    hits, known = int(counts.now[-1]), int(counts.before[-1])
    rare = excess(hits, int(counts.now.sum()), known, int(counts.before.sum())) * (hits + 1)
    common = 1.0
    if len(counts.now) > 2 and counts.before[:-1].sum() and counts.now[:-1].sum():
        common = homogeneity_chance(counts.before[:-1], counts.now[:-1])
    return min(1.0, 2 * min(rare, common))


def _by_cell(method: str, counts: Pooled, evidence: Mapping[str, object]) -> Effect:
    value = BY_CELL[method](counts.before, counts.now)
    if method == "l_infinity":
        f, g = shares(counts.before), shares(counts.now)
        place, n, m = int(np.argmax(np.abs(f - g))), counts.before.sum(), counts.now.sum()
        low, high = _about(value, _error(f[place], g[place], int(n), int(m)))
    else:
        low, high = _scaled(value, counts, _POWER[method])
    return Effect(method, value, low, high, chance(counts), evidence)


def _scaled(value: float, counts: Pooled, power: float) -> tuple[float, float]:
    """Interval of a distance that grows with a power of X^2.

    X^2 exceeds what belongs to the change, lambda, by its degrees of freedom on average, and
    varies by sqrt(2 degrees + 4 lambda): a noncentral chi-square.
    """
    statistic, degrees = homogeneity(counts.before, counts.now)
    if statistic <= 0:
        return 0.0, value
    true = max(0.0, statistic - degrees)
    spread = Z * sqrt(2 * degrees + 4 * true)
    low = max(0.0, statistic - degrees - spread) / statistic
    high = (true + spread) / statistic
    return value * low**power, max(value, value * high**power)


def _smirnov(before: Profile, now: Profile, evidence: Mapping[str, object]) -> Effect | None:
    found = aligned(before, now)
    if found is None:
        return None
    f, g = np.cumsum(shares(found.before)), np.cumsum(shares(found.now))
    place = int(np.argmax(np.abs(f - g)))
    value = float(np.abs(f - g)[place])
    n, m = int(found.before.sum()), int(found.now.sum())
    low, high = _about(value, _error(f[place], g[place], n, m))
    return Effect("kolmogorov_smirnov", value, low, high, smirnov_chance(value, n, m), evidence)


def _wasserstein(
    before: Profile, now: Profile, counts: Pooled, evidence: Mapping[str, object]
) -> Effect | None:
    """On bins, each with its rows in one place.

    What lies outside the reference's range counts as at most one range away from it: one
    outlier is not to outweigh all other rows.
    """
    found = aligned(before, now)
    if found is None:
        return None
    x = _places(found, before, now)
    p, q = shares(found.before), shares(found.now)
    n, m = int(found.before.sum()), int(found.now.sum())
    gaps, widths = np.cumsum(q - p)[:-1], np.diff(x)
    pool = np.cumsum(found.before + found.now)[:-1] / (n + m)
    noise = float((np.sqrt(2 / np.pi * pool * (1 - pool) * (1 / n + 1 / m)) * widths).sum())
    moves = np.concatenate([[0.0], np.cumsum(np.sign(gaps) * widths)])
    error = sqrt(_variance(moves, p) / n + _variance(moves, q) / m)
    value = float((np.abs(gaps) * widths).sum())
    low = max(0.0, sqrt(max(0.0, value**2 - noise**2)) - Z * error)
    unit = before.deviation if before.deviation > 0 else 1.0
    ends = (value / unit, low / unit, (value + Z * error) / unit)
    return Effect("wasserstein", *ends, chance(counts), evidence)


def _places(found: Aligned, before: Profile, now: Profile) -> Numbers:
    """Where the rows of each bin are taken to lie, shape (bins,), ascending.

    At its lower edge if all reference rows lie so, as where each value has its own bin; else in
    the middle.
    """
    reach = before.maximum - before.minimum if before.deviation > 0 else np.inf
    least = max(min(before.minimum, now.minimum), before.minimum - reach)
    most = min(max(before.maximum, now.maximum), before.maximum + reach)
    bounds = np.clip(np.concatenate([[least], found.edges, [most]]), least, most)
    at_edges = float((found.before * bounds[:-1]).sum())
    if abs(at_edges - before.total) <= 1e-9 * float((found.before * np.abs(bounds[:-1])).sum()):
        return np.append(bounds[:-2], most)
    return np.asarray((bounds[:-1] + bounds[1:]) / 2, np.float64)


def _variance(values: Numbers, weights: Numbers) -> float:
    mean = float((values * weights).sum())
    return max(0.0, float((np.square(values - mean) * weights).sum()))


def _error(f: float, g: float, n: int, m: int) -> float:
    """Standard error of the difference of two shares, of n and of m rows."""
    return sqrt(max(0.0, f * (1 - f)) / n + max(0.0, g * (1 - g)) / m)


def _about(value: float, error: float) -> tuple[float, float]:
    return max(0.0, value - Z * error), min(1.0, value + Z * error)


def _moments(before: Profile, now: Profile) -> dict[str, object]:
    """Mean and deviation on both sides, where they are finite."""
    if before.type in _COUNTED:
        return {}
    sides = {"before": before, "now": now}
    return {
        side: {"mean": profile.mean, "deviation": profile.deviation}
        for side, profile in sides.items()
        if np.isfinite(profile.mean) and np.isfinite(profile.deviation)
    }
