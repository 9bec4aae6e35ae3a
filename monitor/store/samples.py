"""Rows to compute with: samples of a window or a reference, and examples of a fault."""

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
from monitor.store.layout import FeatureColumn, ModelTable, with_feature
from monitor.store.tally import numbers
from monitor.store.wide import features_at
from monitor.store.written import read_json

SPAN = "timestamp >= make_timestamp($first) AND timestamp < make_timestamp($last)"
ANSWERS = "place, prediction_id, timestamp, prediction, score, scores"
"""What a sample needs of a row beside its features."""
_CELLS = 20_000_000
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
    """Keeps Examples, and the `sample` of PredictionLog."""

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
        return self._drawn(table, table.predictions, joined, limit, total, values)

    def reference_sample(
        self, table: ModelTable, owner: str, limit: int, *, labelled: bool = False
    ) -> Sample:
        """At most `limit` reference rows of an owner."""
        where = "owner = $owner" + (" AND actual IS NOT NULL" if labelled else "")
        ((total,),) = self._database.read(
            f"SELECT count(*) FROM {table.reference} WHERE owner = $owner", owner=owner
        )
        query = f"SELECT {ANSWERS}, actual FROM {table.reference} WHERE {where}"
        return self._drawn(table, table.reference, query, limit, total, {"owner": owner})

    def sample_of(self, table: ModelTable, source: str, rows: pa.Table, total: int) -> Sample:
        """A sample from rows of one of the model's tables: ANSWERS and `actual` of each."""
        numeric: dict[str, Numbers] = {}
        texts: dict[str, Labels] = {}
        for held, column in self._features(table, source, rows["place"]):
            if held.type in _NUMERIC:
                numeric[held.name] = numbers(column)
            else:
                texts[held.name] = np.asarray(column.to_pylist(), object)
        return Sample(
            total,
            rows["prediction_id"].to_pylist(),
            np.asarray(rows["timestamp"].cast(pa.int64()).to_numpy(), np.int64),
            numeric,
            texts,
            _outcome(table, rows["prediction"]),
            numbers(_whole(rows["score"])),
            _class_scores(rows["scores"].to_pylist()),
            _outcome(table, rows["actual"]),
        )

    def _features(
        self, table: ModelTable, source: str, places: pa.ChunkedArray
    ) -> Iterator[tuple[FeatureColumn, pa.Array]]:
        """What can be computed with, of the rows at these places and in their order."""
        wanted = [c for c in table.columns.values() if c.type in _COMPUTED]
        yield from features_at(self._database, source, _whole(places), wanted)

    def with_values(
        self,
        model: str,
        version: str,
        window: Window,
        feature: str,
        *,
        values: Sequence[str],
        limit: int,
    ) -> Mapping[str, Sequence[str]]:
        """At most `limit` ids of rows for each category value that has any."""
        table = self._catalog.table(model)
        if feature not in table.columns:
            return {}
        held = table.columns[feature]
        column = held.column
        found = self._database.read(
            f"""
            SELECT {column}::VARCHAR, list(prediction_id ORDER BY timestamp, place)[:$limit]
            FROM {with_feature(table.predictions, held)}
            WHERE {SPAN} AND version = $version AND {column}::VARCHAR IN (SELECT unnest($values))
            GROUP BY 1
            """,
            limit=limit,
            version=version,
            values=list(values),
            **span_values(window),
        )
        return dict(found)

    def misfits(
        self, model: str, version: str, window: Window, feature: str, *, limit: int
    ) -> Sequence[tuple[str, object]]:
        """Ids and raw values of rows whose value did not fit the type."""
        table = self._catalog.table(model)
        found = self._database.read(
            f"""
            SELECT prediction_id, value FROM misfit
            WHERE model = $model AND source = $source AND name = $feature
                AND version = $version AND {SPAN}
            ORDER BY timestamp, place LIMIT $limit
            """,
            model=table.number,
            source=table.predictions,
            feature=feature,
            version=version,
            limit=limit,
            **span_values(window),
        )
        return [(prediction_id, read_json(value)) for prediction_id, value in found]

    def outside(
        self,
        model: str,
        version: str,
        window: Window,
        feature: str,
        *,
        low: float | None,
        high: float | None,
        limit: int,
    ) -> Sequence[tuple[str, float]]:
        """Ids and values of rows whose number lies outside the bounds."""
        table = self._catalog.table(model)
        if feature not in table.columns:
            return []
        held = table.columns[feature]
        stamp = held.type is FeatureType.TIMESTAMP
        value = f"epoch_us({held.column}) / 1e6" if stamp else f"{held.column}::DOUBLE"
        return self._database.read(
            f"""
            SELECT prediction_id, {value} AS v FROM {with_feature(table.predictions, held)}
            WHERE {SPAN} AND version = $version AND isfinite(v) AND (v < $low OR v > $high)
            ORDER BY timestamp, place LIMIT $limit
            """,
            version=version,
            low=-np.inf if low is None else low,
            high=np.inf if high is None else high,
            limit=limit,
            **span_values(window),
        )

    def _drawn(
        self,
        table: ModelTable,
        source: str,
        query: str,
        limit: int,
        total: int,
        values: Mapping[str, object],
    ) -> Sample:
        """Rows of a query, at most so many, oldest first: the same ones each time.

        Very wide rows are fewer: all that a sample holds lies in memory.
        """
        limit = min(limit, max(_FEWEST, _CELLS // (len(table.columns) + 1)))
        rows = self._database.arrow(
            f"""
            SELECT * FROM (SELECT * FROM ({query}) ORDER BY hash(prediction_id) LIMIT {int(limit)})
            ORDER BY timestamp, place
            """,
            **values,
        )
        return self.sample_of(table, source, rows, total)


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
