"""Rows to compute with: samples of a window or a reference."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from monitor.core.rows import microseconds
from monitor.core.spec import FeatureType
from monitor.core.windows import Labels, Numbers, Sample, Window
from monitor.store.batches import outcome
from monitor.store.catalog import Catalog
from monitor.store.database import Database
from monitor.store.layout import FeatureColumn, ModelTable
from monitor.store.tally import numbers
from monitor.store.vectors import dimensions, matrix
from monitor.store.wide import features_at
from monitor.store.written import read_json

SPAN = "timestamp >= make_timestamp($first) AND timestamp < make_timestamp($last)"
ANSWERS = "place, prediction_id, timestamp, prediction, score, scores"
"""What a sample needs of a row beside its features."""
_CELLS = 20_000_000
_VECTOR_CELLS = 5_000_000
_FEWEST = 1_000
_NUMERIC = frozenset({FeatureType.NUMBER, FeatureType.BOOLEAN, FeatureType.TIMESTAMP})
_COMPUTED = _NUMERIC | {FeatureType.CATEGORY}


def latest_actuals(table: ModelTable, ids: str = "") -> str:
    """The actual that holds for each id: the latest by `timestamp`, then by arrival.

    `ids` is a query of the ids asked for; without it all are.
    """
    within = f"AND prediction_id IN ({ids})" if ids else ""
    return f"""
        SELECT prediction_id, arg_max(actual, (timestamp, place)) AS actual
        FROM {table.actuals} WHERE actual IS NOT NULL {within} GROUP BY prediction_id"""


def span_values(window: Window) -> dict[str, int]:
    """The parameters of SPAN."""
    return {"first": microseconds(window.start), "last": microseconds(window.end)}


class Samples:
    """Keeps the `sample` of PredictionLog."""

    def __init__(self, database: Database, catalog: Catalog) -> None:
        self._database = database
        self._catalog = catalog

    def sample(
        self, model: str, version: str, window: Window, limit: int, *, labelled: bool = False
    ) -> Sample:
        """At most `limit` rows of the window; `labelled` takes only those with an actual."""
        table = self._catalog.table(model)
        where = f"{SPAN} AND version = $version"
        values = {"version": version, **span_values(window)}
        ((total,),) = self._database.read(
            f"SELECT count(*) FROM {table.predictions} WHERE {where}", **values
        )
        source = f"(SELECT {ANSWERS} FROM {table.predictions} WHERE {where})"
        joined = f"""
            SELECT p.*, a.actual FROM {source} p
            {"JOIN" if labelled else "LEFT JOIN"}
                ({latest_actuals(table, f"SELECT prediction_id FROM {source}")}) a
            USING (prediction_id)"""
        return self._drawn(
            table, table.predictions, joined, limit, total, values, content=not labelled
        )

    def reference_sample(
        self, table: ModelTable, owner: str, limit: int, *, labelled: bool = False
    ) -> Sample:
        """At most `limit` reference rows of an owner."""
        where = "owner = $owner" + (" AND actual IS NOT NULL" if labelled else "")
        ((total,),) = self._database.read(
            f"SELECT count(*) FROM {table.reference} WHERE owner = $owner", owner=owner
        )
        query = f"SELECT {ANSWERS}, actual FROM {table.reference} WHERE {where}"
        return self._drawn(
            table, table.reference, query, limit, total, {"owner": owner}, content=not labelled
        )

    def sample_of(
        self, table: ModelTable, source: str, rows: pa.Table, total: int, *, content: bool = False
    ) -> Sample:
        """A sample from rows of one of the model's tables: ANSWERS and `actual` of each.

        `content` says whether texts and embeddings are read too, which cost most.
        """
        numeric: dict[str, Numbers] = {}
        read: dict[FeatureType, dict[str, Labels]] = {kind: {} for kind in FeatureType}
        vectors: dict[str, Numbers] = {}
        for held, column in self._features(table, source, rows["place"], content=content):
            if held.type in _NUMERIC:
                numeric[held.name] = numbers(column)
            elif held.type is FeatureType.EMBEDDING:
                vectors[held.name] = matrix(column)
            else:
                read[held.type][held.name] = np.asarray(column.to_pylist(), object)
        return Sample(
            total,
            rows["prediction_id"].to_pylist(),
            np.asarray(rows["timestamp"].cast(pa.int64()).to_numpy(), np.int64),
            numeric,
            read[FeatureType.CATEGORY],
            _outcome(table, rows["prediction"]),
            numbers(_whole(rows["score"])),
            _class_scores(rows["scores"].to_pylist()),
            _outcome(table, rows["actual"]),
            read[FeatureType.TEXT],
            vectors,
        )

    def _features(
        self, table: ModelTable, source: str, places: pa.ChunkedArray, *, content: bool
    ) -> Iterator[tuple[FeatureColumn, pa.Array]]:
        """What can be computed with, of the rows at these places and in their order."""
        wanted = [c for c in table.columns.values() if content or c.type in _COMPUTED]
        yield from features_at(self._database, source, _whole(places), wanted)

    def _drawn(
        self,
        table: ModelTable,
        source: str,
        query: str,
        limit: int,
        total: int,
        values: Mapping[str, object],
        *,
        content: bool,
    ) -> Sample:
        """Rows of a query, at most so many, oldest first: the same ones each time.

        Very wide rows are fewer: all that a sample holds lies in memory.
        """
        limit = min(limit, max(_FEWEST, _CELLS // (len(table.columns) + 1)))
        if content:
            size = dimensions(self._database, table)
            limit = min(limit, max(_FEWEST, _VECTOR_CELLS // (size + 1)))
        rows = self._database.arrow(
            f"""
            SELECT * FROM (SELECT * FROM ({query}) ORDER BY hash(prediction_id) LIMIT {int(limit)})
            ORDER BY timestamp, place
            """,
            **values,
        )
        return self.sample_of(table, source, rows, total, content=content)


def _whole(column: Any) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _outcome(table: ModelTable, column: Any) -> Labels | Numbers:
    values = outcome(table, _whole(column))
    return numbers(values) if table.is_regression else np.asarray(values.to_pylist(), object)


def _class_scores(texts: Sequence[str | None]) -> dict[str, Numbers]:
    """One column a class, NaN where a row has no score of it."""
    if not any(texts):
        return {}
    rows = [{} if t is None else read_json(t) for t in texts]
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: np.asarray([_float(row.get(name)) for row in rows], np.float64) for name in names}


def _float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else np.nan
