"""Reads the features of rows at known places, from whichever tables hold their columns.

DuckDB holds a block of each column that it reads or writes. So the columns of a model with many
features lie in several tables, and each is read by itself. A row that lacks all features of one
of these tables does not stand in it.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from monitor.store.database import Database
from monitor.store.layout import FeatureColumn, part_of

_Ints = npt.NDArray[np.int64]


def features_at(
    database: Database, source: str, places: pa.Array, wanted: Sequence[FeatureColumn]
) -> Iterator[tuple[FeatureColumn, pa.Array]]:
    """Columns of a model's table, row by row as the places are; null where there is no row."""
    ordered = sorted(wanted, key=lambda held: held.number)
    for part, group in groupby(ordered, key=lambda held: held.part):
        columns = list(group)
        listed = ", ".join(held.column for held in columns)
        with database.reading() as cursor:
            cursor.register("chosen", pa.table({"place": places}))
            found = cursor.sql(
                f"SELECT place, {listed} FROM {part_of(source, part)} WHERE place IN (FROM chosen)"
            ).to_arrow_table()
            cursor.unregister("chosen")
        at = _at(np.asarray(found["place"].to_numpy(), np.int64), np.asarray(places, np.int64))
        for held in columns:
            yield held, found[held.column].combine_chunks().take(at)


def _at(found: _Ints, wanted: _Ints) -> pa.Array:
    """Where each of the wanted places is among those found, null where it is not."""
    order = np.argsort(found)
    at = np.searchsorted(found[order], wanted)
    here = at < len(found)
    here[here] = found[order[at[here]]] == wanted[here]
    rows = np.zeros(len(wanted), np.int64)
    rows[here] = order[at[here]]
    return pa.array(rows, mask=~here)
