"""Adds up the profile buckets of a span, window by window, in SQL."""

from collections.abc import Mapping, Sequence
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
_Cells = Mapping[tuple[int, str, int], tuple[Sequence[Any], Sequence[int]]]


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
    sums = ", ".join(f"sum({name})::BIGINT" for name in COUNTS)
    moments = database.read(
        f"""
        SELECT {WINDOW} AS w, version, feature, {sums},
               min(minimum), max(maximum), sum(total), sum(squares)
        FROM profile WHERE {WITHIN} GROUP BY w, version, feature ORDER BY w, version
        """,
        **values,
    )
    counts = _cells(database, "profile_bin", "bin", values)
    categories = _cells(database, "profile_category", "category", values)
    return {
        key: _assembled(table, bins, key, list(rows), counts, categories)
        for key, rows in groupby(moments, key=lambda row: (row[0], row[1]))
    }


def _cells(database: Database, source: str, cell: str, values: Mapping[str, object]) -> _Cells:
    found = database.read(
        f"""
        SELECT w, version, feature, list(cell), list(n) FROM (
            SELECT {WINDOW} AS w, version, feature, {cell} AS cell, sum(rows)::BIGINT AS n
            FROM {source} WHERE {WITHIN} GROUP BY ALL)
        GROUP BY w, version, feature
        """,
        **values,
    )
    return {(w, version, feature): (cells, n) for w, version, feature, cells, n in found}


def _assembled(
    table: ModelTable,
    bins: BinBook,
    key: Key,
    moments: Sequence[tuple[Any, ...]],
    counts: _Cells,
    categories: _Cells,
) -> Profiles:
    fixed = bins.counted(table, key[1])
    kinds = kinds_of(table)
    made: dict[int, Profile] = {}
    rows = 0
    for _, _, number, *numbers in moments:
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
