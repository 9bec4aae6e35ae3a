"""How much changed between two profiles: a distance, its interval, and its chance."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from monitor.core.profile import Profile
from monitor.core.spec import FeatureType
from monitor.core.windows import Numbers
from monitor.detectors.drift import intervals
from monitor.detectors.drift.cells import (
    Aligned,
    Cells,
    Pooled,
    aligned,
    categories,
    numbers,
    pooled,
)
from monitor.detectors.drift.contributions import contributions, normed
from monitor.detectors.drift.distances import (
    BY_CELL,
    DEFAULT,
    METHODS,
    homogeneity_chance,
    shares,
    smirnov_chance,
)
from monitor.detectors.shares import excess

FEWEST_REFERENCE = 30
_PSI_CELLS = 10
COUNTED = frozenset({FeatureType.CATEGORY, FeatureType.BOOLEAN})


@dataclass(frozen=True, slots=True)
class Effect:
    """A distance with both ends of its 90 % interval, debiased, and its p-value."""

    method: str
    value: float
    low: float
    high: float
    p_value: float
    evidence: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class NotCompared:
    """That nothing can be said, which is not the same as that nothing changed; `reason` says why.

    `few` is where more rows would help.
    """

    reason: str
    few: bool = False


def effect(
    method: str | None, before: Profile, now: Profile, fewest: int = 1
) -> Effect | NotCompared:
    """What changed from a reference to a window, by a method or else by the default.

    A method for numbers falls back to the default on categories. The window is to hold `fewest`
    values, missing and NaN left out. Where rows depend on each other, both sides count as the rows
    that are independent.
    """
    unlike = _unlike(before, now, fewest)
    if unlike is not None:
        return unlike
    method = method if method in METHODS else DEFAULT
    known, seen = before.thinned(), now.thinned()
    if before.type in COUNTED:
        return _of_categories(method, known, seen)
    found = aligned(known, seen)
    if found is None or not found.now.sum():
        return NotCompared("both sides were counted in bins that have no edge in common")
    cells = numbers(before, now, found, _PSI_CELLS if method == "psi" else 20)
    moments = _moments(before, now)
    match method:
        case "kolmogorov_smirnov":
            return _smirnov(found, cells, moments)
        case "wasserstein":
            return _wasserstein(found, cells, before, now, moments)
        case _:
            return by_cell(method, cells, moments)


def _of_categories(method: str, before: Profile, now: Profile) -> Effect | NotCompared:
    if not any(now.categories.values()):
        return NotCompared("its rows depend on each other so much that none counts", few=True)
    return by_cell(method if method in BY_CELL else DEFAULT, categories(before, now))


def _unlike(before: Profile, now: Profile, fewest: int) -> NotCompared | None:
    """Why two profiles cannot be compared, if they cannot."""
    if before.type is not now.type:
        return NotCompared(f"it is {now.type}, and was {before.type} in the reference")
    if before.type not in COUNTED and before.bins is None:
        return NotCompared(f"a profile of {before.type} holds no counts")
    if before.finite < FEWEST_REFERENCE:
        return NotCompared(f"{before.finite} reference values, {FEWEST_REFERENCE} needed", few=True)
    if now.finite < max(1, fewest):
        return NotCompared(f"{now.finite} values in the window, {max(1, fewest)} needed", few=True)
    return None


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


def by_cell(method: str, cells: Cells, moments: Mapping[str, object] | None = None) -> Effect:
    """A distance of counts in cells.

    Rare and new cells are pooled for the chance, and for `chi_square` altogether: for it one new
    row in a cell of its own is a wonder. Pooling makes no distance larger, so the low end, which
    is computed on pooled cells, is one of all cells too.
    """
    cells = cells.held()
    common = pooled(cells)
    shown = (common.before, common.now) if method == "chi_square" else (cells.before, cells.now)
    value = BY_CELL[method](*shown)
    if method == "l_infinity":
        low, high = intervals.largest(*shown)
    else:
        power = intervals.POWER[method]
        coarse = BY_CELL[method](common.before, common.now)
        low, _ = intervals.scaled(coarse, common.before, common.now, power)
        _, high = intervals.scaled(value, *shown, power)
    moved = cells.moved(contributions(method, cells.before, cells.now))
    evidence = {"moved": moved, **(moments or {})}
    return Effect(method, value, min(low, value), max(high, value), chance(common), evidence)


def _smirnov(found: Aligned, cells: Cells, moments: Mapping[str, object]) -> Effect:
    """On bins: smaller than the gap of the rows themselves by at most the share of a bin."""
    f, g = np.cumsum(shares(found.before)), np.cumsum(shares(found.now))
    n, m = int(found.before.sum()), int(found.now.sum())
    value = float(np.max(np.abs(f - g)))
    moved = cells.moved(contributions("kolmogorov_smirnov", cells.before, cells.now))
    return Effect(
        "kolmogorov_smirnov",
        value,
        *intervals.gap(f, g, n, m),
        smirnov_chance(value, n, m),
        {"moved": moved, **moments},
    )


def _wasserstein(
    found: Aligned, cells: Cells, before: Profile, now: Profile, moments: Mapping[str, object]
) -> Effect:
    """On bins, each with its rows in one place: off by at most the mean width of their bins.

    What lies outside the reference's range counts as at most one range away from it: one
    outlier is not to outweigh all other rows.
    """
    x = _places(found, before, now)
    f, g = np.cumsum(shares(found.before)), np.cumsum(shares(found.now))
    areas = np.append(np.abs(f - g)[:-1] * np.diff(x), 0.0)
    low, high = intervals.area(x, f, g, int(found.before.sum()), int(found.now.sum()))
    unit = before.deviation if before.deviation > 0 else 1.0
    moved = cells.moved(normed(np.add.reduceat(areas, cells.starts)))
    return Effect(
        "wasserstein",
        float(areas.sum()) / unit,
        low / unit,
        high / unit,
        chance(pooled(cells)),
        {"moved": moved, **moments},
    )


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


def _moments(before: Profile, now: Profile) -> dict[str, object]:
    """Mean and deviation on both sides, where they are finite."""
    sides = {"before": before, "now": now}
    return {
        side: {"mean": profile.mean, "deviation": profile.deviation}
        for side, profile in sides.items()
        if np.isfinite(profile.mean) and np.isfinite(profile.deviation)
    }
