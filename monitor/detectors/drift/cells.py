"""Two profiles as counts in common cells: coarse enough to test, fine enough to show a change."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitor.core.profile import Counts, Profile

EXPECTED = 5
"""Rows that a cell must lead one to expect on each side before chi-square holds; W. G. Cochran,
Biometrics 10 (1954) 417."""
ROWS_PER_CELL = 10
"""Cells of numbers are cut so that each holds about this many rows of the smaller side."""
NEAR = 1e-3
"""Of the reference's range: numbers so little outside count as inside it."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Rows by cell before and now, shape (cells,), and what each cell is.

    A name is `{"category": c}` or `{"from": low, "to": high}` with low <= x < high.
    """

    before: Counts
    now: Counts
    names: Sequence[dict[str, object]]

    def moved(self, limit: int = 5) -> list[dict[str, object]]:
        """The cells whose share changed most, largest change first, with both shares."""
        f, g = self.before / max(1, self.before.sum()), self.now / max(1, self.now.sum())
        order = np.argsort(-np.abs(f - g), kind="stable")[:limit]
        return [
            {**self.names[i], "before": float(f[i]), "now": float(g[i])}
            for i in order
            if f[i] != g[i]
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


def aligned(before: Profile, now: Profile) -> tuple[np.ndarray, Counts, Counts] | None:
    """Edges and both counts in the bins that the profiles share; None where they share none."""
    if before.bins is None or now.bins is None:
        return None
    edges = np.intersect1d(before.bins.edges, now.bins.edges)
    if not len(edges):
        return None
    return edges, _counts_at(before, edges), _counts_at(now, edges)


def _counts_at(profile: Profile, edges: np.ndarray) -> Counts:
    assert profile.bins is not None
    if len(edges) == len(profile.bins.edges):
        return profile.counts
    ends = np.searchsorted(profile.bins.edges, edges)
    starts = np.concatenate([[0], ends + 1])
    return np.asarray(np.add.reduceat(profile.counts, starts), np.int64)


def numbers(before: Profile, now: Profile, most: int = 20) -> Cells | None:
    """At most `most` cells of equal reference share, and one for what lies outside on each side.

    None where the profiles were counted in bins that have no edge in common.
    """
    found = aligned(before, now)
    if found is None:
        return None
    edges, f, g = found
    held = np.flatnonzero(f)
    first, last = int(held[0]), int(held[-1])
    group = _groups(f[first : last + 1], most, min(before.finite, now.finite))
    low, high = _outside(before, now)
    place = np.concatenate(
        [
            np.full(first, -1 if low else 0),
            group,
            np.full(len(f) - last - 1, group[-1] + (1 if high else 0)),
        ]
    )
    _, starts = np.unique(place, return_index=True)
    ends = np.append(starts[1:], len(f)) - 1
    least = min(before.minimum, now.minimum)
    largest = max(before.maximum, now.maximum)
    bounds = np.clip(np.concatenate([[least], edges, [largest]]), least, largest)
    names: list[dict[str, object]] = [
        {"from": float(bounds[a]), "to": float(bounds[b + 1])}
        for a, b in zip(starts, ends, strict=True)
    ]
    return Cells(np.add.reduceat(f, starts), np.add.reduceat(g, starts), names)


def _groups(counts: Counts, most: int, rows: int) -> np.ndarray:
    """The cell of each bin: bins are put together until they hold their part of the reference."""
    cells = max(2, min(most, rows // ROWS_PER_CELL))
    middle = np.cumsum(counts) - counts / 2
    return np.asarray(np.minimum(middle * cells // counts.sum(), cells - 1), np.int64)


def _outside(before: Profile, now: Profile) -> tuple[bool, bool]:
    """Whether the window goes below, and above, what the reference reaches."""
    spread = before.maximum - before.minimum
    margin = NEAR * (spread if spread > 0 else abs(before.maximum))
    return now.minimum < before.minimum - margin, now.maximum > before.maximum + margin
