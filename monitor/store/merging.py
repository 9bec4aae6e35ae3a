"""Adds up the profile buckets of a span, window by window, in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np

from monitor.core.profile import Profile, Profiles
from monitor.store.batches import ROWS
from monitor.store.bins import BinBook, arranged, kinds_of
from monitor.store.database import Database
from monitor.store.layout import ModelTable
from monitor.store.tally import COUNTS

MOMENTS = ("minimum", "maximum", "total", "squares")

WINDOW = "epoch_us(start) - ((epoch_us(start) - $origin) % $every + $every) % $every"
"""The start, in microseconds, of the window that holds a bucket."""
WITHIN = "model = $model AND start >= make_timestamp($first) AND start < make_timestamp($last)"

Key = tuple[int, str]
_Part = tuple[int, str, str]
"""Window start, version, and segment or "" for all rows."""
_Cells = Mapping[tuple[int, str, str, int], tuple[Sequence[Any], Sequence[int]]]


def merged(
    database: Database, bins: BinBook, table: ModelTable, first: int, last: int, every: int
) -> dict[Key, Profiles]:
    """Profiles by window start and version of the buckets that start in [first, last).

    Times are microseconds; windows are counted from `first`. Buckets that are counted anew while
    they are read are read again.
    """
    while True:
        generation = bins.generation(table)
        try:
            found = _merged(database, bins, table, first, last, every)
        except IndexError:  # buckets of one reference, bins of another
            if bins.generation(table) == generation:
                raise
            continue
        if bins.generation(table) == generation or database.is_writing:
            return found


def _merged(
    database: Database, bins: BinBook, table: ModelTable, first: int, last: int, every: int
) -> dict[Key, Profiles]:
    values = {"model": table.number, "first": first, "last": last, "every": every, "origin": first}
    whole = _parts(database, bins, table, values, "", "''")
    segments: dict[Key, dict[str, Profiles]] = {}
    if table.spec.segments:
        for (w, version, segment), made in _parts(
            database, bins, table, values, "segment_", "segment"
        ).items():
            segments.setdefault((w, version), {})[segment] = made
    return {
        (w, version): replace(made, segments=segments.get((w, version), {}))
        for (w, version, _), made in whole.items()
    }


def _parts(
    database: Database,
    bins: BinBook,
    table: ModelTable,
    values: Mapping[str, object],
    prefix: str,
    segment: str,
) -> dict[_Part, Profiles]:
    """Profiles from the tables of all rows, or from those of segments."""
    sums = ", ".join(f"sum({name})::BIGINT" for name in COUNTS)
    moments = database.read(
        f"""
        SELECT {WINDOW} AS w, version, {segment} AS s, feature, {sums},
               min(minimum), max(maximum), sum(total), sum(squares)
        FROM {prefix}profile WHERE {WITHIN} GROUP BY w, version, s, feature ORDER BY w, version, s
        """,
        **values,
    )
    counts = _cells(database, f"{prefix}profile_bin", "bin", segment, values)
    categories = _cells(database, f"{prefix}profile_category", "category", segment, values)
    return {
        key: _assembled(table, bins, key, list(rows), counts, categories)
        for key, rows in groupby(moments, key=lambda row: (row[0], row[1], row[2]))
    }


def _cells(
    database: Database, source: str, cell: str, segment: str, values: Mapping[str, object]
) -> _Cells:
    found = database.read(
        f"""
        SELECT w, version, s, feature, list(cell), list(n) FROM (
            SELECT {WINDOW} AS w, version, {segment} AS s, feature, {cell} AS cell,
                   sum(rows)::BIGINT AS n
            FROM {source} WHERE {WITHIN} GROUP BY ALL)
        GROUP BY w, version, s, feature
        """,
        **values,
    )
    return {(w, version, s, feature): (cells, n) for w, version, s, feature, cells, n in found}


def _assembled(
    table: ModelTable,
    bins: BinBook,
    key: _Part,
    moments: Sequence[tuple[Any, ...]],
    counts: _Cells,
    categories: _Cells,
) -> Profiles:
    fixed = bins.counted(table, key[1])
    kinds = kinds_of(table)
    made: dict[int, Profile] = {}
    rows = 0
    for _, _, _, number, *numbers in moments:
        if number == ROWS:
            rows = numbers[0]
        elif number in kinds:
            here = (*key, number)
            binned = np.zeros(len(fixed[number]) if number in fixed else 0, np.int64)
            places, n = counts.get(here, ((), ()))
            binned[list(places)] = n
            made[number] = Profile(
                kinds[number],
                **dict(zip(COUNTS + MOMENTS, numbers, strict=True)),
                bins=fixed.get(number),
                counts=binned,
                categories=dict(zip(*categories.get(here, ((), ())), strict=True)),
            )
    return arranged(table, rows, made)
