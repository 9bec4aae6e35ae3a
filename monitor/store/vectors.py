"""Embeddings as matrices."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor.core.spec import FeatureType
from monitor.core.windows import Numbers
from monitor.store.database import Database
from monitor.store.layout import ModelTable, with_feature
from monitor.store.tally import numbers


def dimensions(database: Database, table: ModelTable) -> int:
    """How many numbers the embeddings of a row hold, by the first one of each."""
    found = 0
    for held in table.columns.values():
        if held.type is FeatureType.EMBEDDING:
            for source in (table.reference, table.predictions):
                rows = database.read(
                    f"SELECT len({held.column}) FROM {with_feature(source, held)} "
                    f"WHERE {held.column} IS NOT NULL LIMIT 1"
                )
                if rows:
                    found += rows[0][0]
                    break
    return found


def matrix(column: pa.Array) -> Numbers:
    """Embeddings as rows of numbers, as long as most are; NaN where missing or of another length.

    >>> matrix(pa.array([[1.0, 2.0], None, [3.0, 4.0], [5.0]])).tolist()
    [[1.0, 2.0], [nan, nan], [3.0, 4.0], [nan, nan]]
    """
    lengths = np.asarray(pc.fill_null(pc.list_value_length(column), -1).to_numpy(), np.int64)
    known = lengths[lengths >= 0]
    size = int(np.bincount(known).argmax()) if len(known) else 0
    fits = lengths == size
    found = np.full((len(column), size), np.nan)
    values = numbers(column.filter(pa.array(fits)).flatten())
    found[fits] = values.reshape((int(fits.sum()), size))
    return found
