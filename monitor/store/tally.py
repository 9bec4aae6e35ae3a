"""Counts of typed columns by group: what profiles are made of.

A group is a number from 0 up for each row, most often its time bucket. All counts of all groups
come from one pass over each column.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from monitor.core.profile import Bins, Profile
from monitor.core.spec import FeatureType

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

COUNTS = ("rows", "absent", "missing", "nonfinite", "misfits", "below", "above")
_LONG_GROUP = 4096
_COUNTED = frozenset({FeatureType.CATEGORY, FeatureType.BOOLEAN})
_MEASURED = frozenset({FeatureType.NUMBER, FeatureType.BOOLEAN, FeatureType.TIMESTAMP})


@dataclass(frozen=True, slots=True)
class Column:
    """A typed column, with what the profile needs to know about it.

    `absent` and `misfits` hold row indices; `low` and `high` are the bounds of the spec.
    """

    type: FeatureType
    values: pa.Array
    absent: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    misfits: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    bins: Bins | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one column: arrays with one entry a group, and sparse counts of cells.

    `bins` and `categories` are parallel arrays: group, cell, rows.
    """

    counts: Mapping[str, Ints]
    minimum: Floats
    maximum: Floats
    total: Floats
    squares: Floats
    bins: tuple[Ints, Ints, Ints]
    categories: tuple[Ints, npt.NDArray[np.object_], Ints]


def numbers(values: pa.Array) -> Floats:
    """Values to compute with, shape (n,), NaN where null: booleans 0 or 1, timestamps seconds."""
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    if pa.types.is_timestamp(values.type):
        return _floats(values.cast(pa.timestamp("us")).cast(pa.int64())) / 1e6
    return _floats(values)


def _floats(values: pa.Array) -> Floats:
    values = values.cast(pa.float64(), safe=False)
    if values.null_count:
        values = pc.fill_null(values, np.nan)
    return np.asarray(values.to_numpy(zero_copy_only=False), np.float64)


def tally(column: Column, groups: Ints, size: int) -> Tally:
    """Count a column, `groups` of shape (n,) with values below `size`.

    Where groups hold many rows each, they are counted one by one: a sorted stretch of numbers has
    its counts, bounds and ends at known places, which is ten times cheaper than placing each value.
    """
    if size > 1 and len(groups) >= size * _LONG_GROUP:
        return _by_group(column, groups, size)
    return _one(column) if size == 1 else _together(column, groups, size)


def _by_group(column: Column, groups: Ints, size: int) -> Tally:
    order = np.argsort(groups, kind="stable")
    ends = np.cumsum(np.bincount(groups, minlength=size))
    indices = pa.array(order)
    values = column.values.take(indices)
    marks = {}
    for name in ("absent", "misfits"):
        mark = np.zeros(len(groups), bool)
        mark[getattr(column, name)] = True
        marks[name] = mark[order]
    parts = []
    for first, last in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True):
        part = replace(
            column,
            values=values.slice(first, last - first),
            absent=np.flatnonzero(marks["absent"][first:last]),
            misfits=np.flatnonzero(marks["misfits"][first:last]),
        )
        parts.append(_one(part))
    return Tally(
        {name: np.concatenate([p.counts[name] for p in parts]) for name in COUNTS},
        np.concatenate([p.minimum for p in parts]),
        np.concatenate([p.maximum for p in parts]),
        np.concatenate([p.total for p in parts]),
        np.concatenate([p.squares for p in parts]),
        _cells([p.bins for p in parts]),
        _cells([p.categories for p in parts]),
    )


def _cells(parts: Sequence[tuple[Ints, Any, Ints]]) -> tuple[Ints, Any, Ints]:
    """Cells of single groups, in order, as cells of all."""
    groups = np.repeat(np.arange(len(parts)), [len(p[2]) for p in parts])
    return groups, np.concatenate([p[1] for p in parts]), np.concatenate([p[2] for p in parts])


def _one(column: Column) -> Tally:
    """Count a column as one group."""
    size, missing = len(column.values), column.values.null_count
    ordered = np.empty(0)
    if column.type in _MEASURED:
        ordered = np.sort(numbers(column.values))  # NaN stands at the end
        first = int(np.searchsorted(ordered, -np.inf, side="right"))
        ordered = ordered[first : int(np.searchsorted(ordered, np.inf, side="left"))]
    finite_rows = len(ordered)
    measured = column.type in _MEASURED
    low, high = column.low if measured else None, column.high if measured else None
    counts = {
        "rows": size,
        "absent": len(column.absent),
        "missing": missing,
        "nonfinite": size - missing - finite_rows if measured else 0,
        "misfits": len(column.misfits),
        "below": 0 if low is None else int(np.searchsorted(ordered, low, side="left")),
        "above": (
            0 if high is None else finite_rows - int(np.searchsorted(ordered, high, side="right"))
        ),
    }
    with np.errstate(over="ignore"):
        total, squares = _pair(ordered)
    return Tally(
        {name: np.array([count]) for name, count in counts.items()},
        np.array([ordered[0] if finite_rows else np.inf]),
        np.array([ordered[-1] if finite_rows else -np.inf]),
        total,
        squares,
        _binned_in_order(ordered, column.bins),
        _categories_at_once(column),
    )


def _pair(values: Floats) -> tuple[Floats, Floats]:
    """Sum and sum of squares, each of shape (1,)."""
    return np.array([values.sum()]), np.array([np.square(values).sum()])


def _binned_in_order(ordered: Floats, bins: Bins | None) -> tuple[Ints, Ints, Ints]:
    if bins is None or not len(ordered):
        return (np.empty(0, np.int64),) * 3
    below = np.searchsorted(ordered, bins.edges, side="left")
    rows = np.diff(below, prepend=0, append=len(ordered)).astype(np.int64)
    held = np.flatnonzero(rows)
    return np.zeros(len(held), np.int64), held, rows[held]


def _categories_at_once(column: Column) -> tuple[Ints, npt.NDArray[np.object_], Ints]:
    if column.type not in _COUNTED or len(column.values) == column.values.null_count:
        return np.empty(0, np.int64), np.empty(0, object), np.empty(0, np.int64)
    found = column.values.cast(pa.string()).drop_null().value_counts()
    names = np.asarray(found.field("values").to_pylist(), object)
    rows = np.asarray(found.field("counts").to_numpy(), np.int64)
    order = np.argsort(names)
    return np.zeros(len(names), np.int64), names[order], rows[order]


def _together(column: Column, groups: Ints, size: int) -> Tally:
    """Count a column in groups of few rows."""
    missing = np.asarray(column.values.is_null().to_numpy(zero_copy_only=False), bool)
    counts = {
        "rows": np.bincount(groups, minlength=size),
        "absent": np.bincount(groups[column.absent], minlength=size),
        "missing": np.bincount(groups[missing], minlength=size),
        "misfits": np.bincount(groups[column.misfits], minlength=size),
    }
    measured = column.type in _MEASURED
    values = numbers(column.values) if measured else np.empty(0)
    finite = np.isfinite(values) if measured else np.empty(0, bool)
    inside = groups[finite] if measured else np.empty(0, np.int64)
    values = values[finite]
    odd = groups[~missing & ~finite] if measured else inside
    counts["nonfinite"] = np.bincount(odd, minlength=size)
    below = inside[values < column.low] if column.low is not None and measured else inside[:0]
    above = inside[values > column.high] if column.high is not None and measured else inside[:0]
    counts["below"] = np.bincount(below, minlength=size)
    counts["above"] = np.bincount(above, minlength=size)
    minimum, maximum = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(minimum, inside, values)
    np.maximum.at(maximum, inside, values)
    with np.errstate(over="ignore"):
        return Tally(
            counts,
            minimum,
            maximum,
            _sums(inside, values, size),
            _sums(inside, values * values, size),
            _binned(inside, values, column.bins),
            _categories(column, groups),
        )


def _sums(groups: Ints, values: Floats, size: int) -> Floats:
    return np.asarray(np.bincount(groups, weights=values, minlength=size), np.float64)


def _binned(groups: Ints, values: Floats, bins: Bins | None) -> tuple[Ints, Ints, Ints]:
    if bins is None or not len(values):
        return (np.empty(0, np.int64),) * 3
    cells, rows = np.unique(groups * len(bins) + bins.place(values), return_counts=True)
    return cells // len(bins), cells % len(bins), rows.astype(np.int64)


def _categories(column: Column, groups: Ints) -> tuple[Ints, npt.NDArray[np.object_], Ints]:
    if column.type not in _COUNTED or len(column.values) == column.values.null_count:
        return np.empty(0, np.int64), np.empty(0, object), np.empty(0, np.int64)
    texts = column.values.cast(pa.string()).dictionary_encode()
    names = np.asarray(texts.dictionary.to_pylist(), object)
    codes = np.asarray(pc.fill_null(texts.indices, -1).to_numpy(zero_copy_only=False), np.int64)
    held = codes >= 0
    cells, rows = np.unique(groups[held] * len(names) + codes[held], return_counts=True)
    return cells // len(names), names[cells % len(names)], rows.astype(np.int64)


def profile_of(column: Column) -> Profile:
    """The profile of a whole column."""
    counted = tally(column, np.zeros(len(column.values), np.int64), 1)
    counts = np.zeros(len(column.bins) if column.bins else 0, np.int64)
    counts[counted.bins[1]] = counted.bins[2]
    return Profile(
        column.type,
        **{name: int(counted.counts[name][0]) for name in COUNTS},
        minimum=float(counted.minimum[0]),
        maximum=float(counted.maximum[0]),
        total=float(counted.total[0]),
        squares=float(counted.squares[0]),
        bins=column.bins,
        counts=counts,
        categories=dict(
            zip(counted.categories[1].tolist(), counted.categories[2].tolist(), strict=True)
        ),
    )


def finite(values: pa.Array) -> Floats:
    """The finite values of a column that can be computed with."""
    held = numbers(values)
    return held[np.isfinite(held)]


def stamps(values: Any) -> pa.Array:
    """Microseconds as Arrow timestamps, which DuckDB reads as its own."""
    return pa.array(values, pa.int64()).cast(pa.timestamp("us"))
