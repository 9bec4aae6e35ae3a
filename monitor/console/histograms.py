"""Two profiles as one small picture: the shares of their values, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitor.core.profile import Profile
from monitor.core.windows import Numbers

BARS = 28
_CATEGORIES = 8
_TAIL = 0.005
"""Share of either side that may lie beyond each end of the picture."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it stands for, and the shares of rows before and now."""

    name: str
    before: float
    now: float


def bars(before: Profile | None, now: Profile | None) -> Sequence[Bar]:
    """Bars over a common axis: stretches of equal width, or the most frequent categories.

    Value    shares of the values that are there; what lies far out is in the outermost bars.
    Errors   never; no bars where neither side holds counts.
    """
    sides = [p for p in (before, now) if p is not None and p.finite]
    if any(p.categories for p in sides):
        return _categories(before, now)
    counted = [p for p in sides if p.bins is not None and p.counts.sum()]
    if not counted:
        return ()
    few = all(p.bins is not None and len(p.bins.edges) <= BARS + 1 for p in counted)
    return _values(before, now) if few else _numbers(before, now, counted)


def _categories(before: Profile | None, now: Profile | None) -> Sequence[Bar]:
    shares = [
        {name: count / p.finite for name, count in p.categories.items()} if p and p.finite else {}
        for p in (before, now)
    ]
    names = {*shares[0], *shares[1]}
    ranked = sorted(names, key=lambda n: (-max(s.get(n, 0.0) for s in shares), n))
    shown = [Bar(n, shares[0].get(n, 0.0), shares[1].get(n, 0.0)) for n in ranked[:_CATEGORIES]]
    if len(ranked) > _CATEGORIES:
        rest = [sum(s.get(n, 0.0) for n in ranked[_CATEGORIES:]) for s in shares]
        shown.append(Bar(f"{len(ranked) - _CATEGORIES} others", *rest))
    return shown


def _values(before: Profile | None, now: Profile | None) -> Sequence[Bar]:
    """Where there are few values each has a bin that begins with it, and here a bar."""
    shares = [_by_start(before), _by_start(now)]
    starts = sorted({*shares[0], *shares[1]})
    ends = [p.bins.edges for p in (before, now) if p is not None and p.bins is not None]
    least, most = min(e[0] for e in ends), max(e[-1] for e in ends)
    return [
        Bar(
            f"{start:.4g}" if least <= start < most else "less" if start < least else "more",
            shares[0].get(start, 0.0),
            shares[1].get(start, 0.0),
        )
        for start in starts
    ]


def _by_start(profile: Profile | None) -> dict[float, float]:
    """The share of rows of each bin that holds any, by where it begins."""
    if profile is None or profile.bins is None or not profile.counts.sum():
        return {}
    starts = [-np.inf, *profile.bins.edges.tolist()]
    counts = profile.counts.tolist()
    return {s: c / sum(counts) for s, c in zip(starts, counts, strict=True) if c}


def _numbers(
    before: Profile | None, now: Profile | None, counted: Sequence[Profile]
) -> Sequence[Bar]:
    low = min(p.quantile(_TAIL) for p in counted)
    high = max(p.quantile(1 - _TAIL) for p in counted)
    if not high > low:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, BARS + 1)
    columns = [_shares(p, edges) for p in (before, now)]
    return [
        Bar(f"{edges[i]:.4g} to {edges[i + 1]:.4g}", float(columns[0][i]), float(columns[1][i]))
        for i in range(BARS)
    ]


def _shares(profile: Profile | None, edges: Numbers) -> Numbers:
    """The share of values between each two edges: rows of a bin lie evenly inside it."""
    if profile is None or profile.bins is None or not profile.counts.sum():
        return np.zeros(len(edges) - 1)
    inner = np.clip(profile.bins.edges, profile.minimum, profile.maximum)
    bounds = np.concatenate([[profile.minimum], inner, [profile.maximum]])
    below = np.concatenate([[0], np.cumsum(profile.counts)]) / profile.counts.sum()
    at = np.interp(edges, bounds, below)
    at[0], at[-1] = 0.0, 1.0
    return np.asarray(np.diff(at))
