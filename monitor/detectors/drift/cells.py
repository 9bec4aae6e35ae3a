"""Two profiles as counts in common cells: coarse enough to test, fine enough to show a change."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from monitor.core.profile import Counts, Profile
from monitor.core.windows import Numbers

EXPECTED = 5
"""Rows that a cell must lead one to expect on each side before chi-square holds; W. G. Cochran,
Biometrics 10 (1954) 417."""
REFERENCE_ROWS, ROWS = 50, 10
"""Rows that a cell of numbers is to hold, of the reference that it is cut from and of the window.
The first is larger because a cell between two quantiles of few rows is often far too narrow."""
NEAR = 1e-3
"""Of the reference's range: numbers so little outside count as inside it."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Rows by cell before and now, shape (cells,), and what each cell is.

    A name is `{"category": c}` or `{"from": low, "to": high}` with low <= x < high. Cells of
    numbers say in `starts` with which bin each begins.
    """

    before: Counts
    now: Counts
    names: Sequence[dict[str, object]]
    starts: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def held(self) -> "Cells":
        """Those cells that hold a row of either side."""
        kept = self.before + self.now > 0
        names = [name for name, held in zip(self.names, kept, strict=True) if held]
        return Cells(self.before[kept], self.now[kept], names)

    def moved(self, parts: Numbers, limit: int = 5) -> list[dict[str, object]]:
        """The cells that explain most of a distance, largest part first, with both shares.

        `parts` are theirs, shape (cells,), as `contributions` gives them.
        """
        f, g = self.before / max(1, self.before.sum()), self.now / max(1, self.now.sum())
        order = np.argsort(-parts, kind="stable")[:limit]
        return [
            {
                **self.names[i],
                "before": float(f[i]),
                "now": float(g[i]),
                "contribution": float(parts[i]),
            }
            for i in order
            if parts[i] > 0
        ]


@dataclass(frozen=True, slots=True)
class Pooled:
    """Counts whose cells are common enough for chi-square, but perhaps for the last.

    `rare` says that the last cell, all rare ones together, is still too rare.
    """

    before: Counts
    now: Counts
    rare: bool


def pooled(cells: Cells) -> Pooled:
    """The cells with all rare ones in one, which comes last.

    Which cells are rare is read off the rows of both sides together, so it says nothing about
    the difference of the sides.
    """
    n, m = int(cells.before.sum()), int(cells.now.sum())
    both = cells.before + cells.now
    expected = both * (min(n, m) / (n + m))
    few = (expected < EXPECTED) & (both > 0)
    if not few.any():
        kept = both > 0
        return Pooled(cells.before[kept], cells.now[kept], rare=False)
    common = expected >= EXPECTED
    return Pooled(
        np.append(cells.before[common], cells.before[few].sum()),
        np.append(cells.now[common], cells.now[few].sum()),
        rare=bool(expected[few].sum() < EXPECTED),
    )


def categories(before: Profile, now: Profile) -> Cells:
    """A cell for each category of either side."""
    names = sorted({*before.categories, *now.categories})
    return Cells(
        np.array([before.categories.get(c, 0) for c in names], np.int64),
        np.array([now.categories.get(c, 0) for c in names], np.int64),
        [{"category": c} for c in names],
    )


@dataclass(frozen=True, slots=True)
class Aligned:
    """Counts of two profiles in the bins that both have, with the bins' edges."""

    edges: Numbers
    before: Counts
    now: Counts


def aligned(before: Profile, now: Profile) -> Aligned | None:
    """Both profiles in common bins; None where they have no edge in common.

    What lies outside the reference's range by next to nothing counts as its end.
    """
    if before.bins is None or now.bins is None:
        return None
    same = np.array_equal(before.bins.edges, now.bins.edges)
    edges = before.bins.edges if same else np.intersect1d(before.bins.edges, now.bins.edges)
    if not len(edges):
        return None
    f, g = _counts_at(before, edges), _counts_at(now, edges)
    held = np.flatnonzero(f)
    if not len(held):
        return None
    first, last = int(held[0]), int(held[-1])
    low, high = _outside(before, now)
    g = g.copy()
    if not low:
        g[first], g[:first] = g[: first + 1].sum(), 0
    if not high:
        g[last], g[last + 1 :] = g[last:].sum(), 0
    return Aligned(edges, f, g)


def _counts_at(profile: Profile, edges: Numbers) -> Counts:
    """Counts of a profile in fewer bins: those of some of its edges."""
    assert profile.bins is not None
    if len(edges) == len(profile.bins.edges):
        return profile.counts
    ends = np.searchsorted(profile.bins.edges, edges)
    return np.asarray(np.add.reduceat(profile.counts, np.concatenate([[0], ends + 1])), np.int64)


def _outside(before: Profile, now: Profile) -> tuple[bool, bool]:
    """Whether the window goes below, and above, what the reference reaches."""
    spread = before.maximum - before.minimum
    margin = NEAR * (spread if spread > 0 else abs(before.maximum))
    return now.minimum < before.minimum - margin, now.maximum > before.maximum + margin


def numbers(before: Profile, now: Profile, found: Aligned, most: int = 20) -> Cells:
    """At most `most` cells of equal reference share, and one for what lies outside on each side.

    `found` are the counts of both in common bins.
    """
    f, g = found.before, found.now
    held = np.flatnonzero(f)
    first, last = int(held[0]), int(held[-1])
    cells = max(2, min(most, before.finite // REFERENCE_ROWS, now.finite // ROWS))
    group = _groups(f[first : last + 1], cells)
    place = np.concatenate([np.full(first, -1), group, np.full(len(f) - last - 1, cells)])
    _, starts = np.unique(place, return_index=True)
    return Cells(
        np.add.reduceat(f, starts),
        np.add.reduceat(g, starts),
        _named(found, starts, before, now),
        starts.astype(np.int64),
    )


def _groups(counts: Counts, cells: int) -> npt.NDArray[np.int64]:
    """The cell of each bin: bins are put together until they hold their part of the reference."""
    middle = np.cumsum(counts) - counts / 2
    return np.asarray(np.minimum(middle * cells // counts.sum(), cells - 1), np.int64)


def _named(
    found: Aligned, starts: npt.NDArray[np.int64], before: Profile, now: Profile
) -> list[dict[str, object]]:
    """From where to where each cell reaches; the outer ones as far as there are values."""
    least, most = min(before.minimum, now.minimum), max(before.maximum, now.maximum)
    bounds = np.clip(np.concatenate([[least], found.edges, [most]]), least, most)
    ends = np.append(starts[1:], len(found.before))
    return [
        {"from": float(bounds[a]), "to": float(bounds[b])}
        for a, b in zip(starts, ends, strict=True)
    ]
