"""Rows that are only looked at: typed as if they were stored, and stored nowhere."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from monitor.core.rows import Rows
from monitor.core.spec import FeatureType
from monitor.core.verdicts import Misfits
from monitor.core.windows import Labels, Numbers, Sample
from monitor.store.catalog import Catalog
from monitor.store.columns import ARROW, Typed, typed
from monitor.store.tally import numbers

_NUMERIC = frozenset({FeatureType.NUMBER, FeatureType.BOOLEAN, FeatureType.TIMESTAMP})


class Unstored:
    """Reads rows by the types that a model's features have."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def __call__(self, model: str, rows: Rows) -> tuple[Sample, Misfits]:
        """The rows, a column for each feature that can be computed with, and what did not fit."""
        columns = self._catalog.table(model).columns.values()
        fitted: Mapping[str, tuple[FeatureType, Typed]] = {
            held.name: (
                held.type,
                typed(rows.features[held.name], held.type)
                if held.name in rows.features
                else Typed(pa.nulls(rows.size, ARROW[held.type])),
            )
            for held in columns
        }
        numeric: dict[str, Numbers] = {}
        texts: dict[str, Labels] = {}
        for name, (kind, column) in fitted.items():
            if kind in _NUMERIC:
                numeric[name] = numbers(column.values)
            elif kind is FeatureType.CATEGORY:
                texts[name] = np.asarray(column.values.to_pylist(), object)
        ids = [str(i) for i in range(rows.size)]
        misfits = {name: dict(c.misfits) for name, (_, c) in fitted.items() if c.misfits}
        return Sample(rows.size, ids, numbers=numeric, labels=texts), misfits
