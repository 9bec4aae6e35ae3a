"""Reads stored rows: as they were sent, as samples to compute with, as examples of a fault."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from monitor.core.errors import QueryError
from monitor.core.ports import Json
from monitor.core.rows import microseconds, moment
from monitor.core.spec import FeatureType
from monitor.core.windows import Labels, Numbers, Sample, Window
from monitor.store.batches import outcome
from monitor.store.catalog import Catalog, ModelTable
from monitor.store.database import Database
from monitor.store.tally import numbers

SPAN = "timestamp >= make_timestamp($first) AND timestamp < make_timestamp($last)"
_NUMERIC = frozenset({FeatureType.NUMBER, FeatureType.BOOLEAN, FeatureType.TIMESTAMP})


def latest_actuals(table: ModelTable) -> str:
    """The actual that holds for each id: the latest by `timestamp`, then by arrival."""
    return f"""
        SELECT prediction_id, arg_max(actual, (timestamp, place)) AS actual
        FROM {table.actuals} WHERE actual IS NOT NULL GROUP BY prediction_id"""


def span_values(window: Window) -> dict[str, int]:
    """The parameters of SPAN."""
    return {"first": microseconds(window.start), "last": microseconds(window.end)}


class Reading:
    """The reading half of PredictionLog, and Examples."""

    def __init__(self, database: Database, catalog: Catalog) -> None:
        self._database = database
        self._catalog = catalog

    def by_id(self, model: str, ids: Sequence[str]) -> Sequence[Json]:
        """The stored rows of these ids, in the order asked for."""
        rows = self._rows(
            self._catalog.table(model), "prediction_id IN (SELECT unnest($ids))", "", ids=list(ids)
        )
        found = {row["prediction_id"]: row for _, row in rows}
        return [found[i] for i in dict.fromkeys(ids) if i in found]

    def by_time(
        self, model: str, span: Window, limit: int, after: str | None = None
    ) -> tuple[Sequence[Json], str | None]:
        """Stored rows, oldest first, and the cursor of the next page if there is one."""
        since, place = _cursor(after)
        rows = self._rows(
            self._catalog.table(model),
            f"{SPAN} AND (timestamp, place) > (make_timestamp($since), $place)",
            f"LIMIT {int(limit) + 1}",
            since=since,
            place=place,
            **span_values(span),
        )
        page = rows[:limit]
        return [row for _, row in page], (page[-1][0] if len(rows) > limit and page else None)

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
        source = f"(SELECT * FROM {table.predictions} WHERE {where})"
        joined = f"""
            SELECT p.*, a.actual FROM {source} p
            {"JOIN" if labelled else "LEFT JOIN"} ({latest_actuals(table)}
                HAVING prediction_id IN (SELECT prediction_id FROM {source})) a
            USING (prediction_id)"""
        return self._drawn(table, joined, limit, total, values)

    def reference_sample(
        self, table: ModelTable, owner: str, limit: int, *, labelled: bool = False
    ) -> Sample:
        """At most `limit` reference rows of an owner."""
        where = "owner = $owner" + (" AND actual IS NOT NULL" if labelled else "")
        ((total,),) = self._database.read(
            f"SELECT count(*) FROM {table.reference} WHERE owner = $owner", owner=owner
        )
        query = f"SELECT * FROM {table.reference} WHERE {where}"
        return self._drawn(table, query, limit, total, {"owner": owner})

    def sample_of(self, table: ModelTable, rows: pa.Table, total: int) -> Sample:
        """A sample from rows that hold the columns of the table of predictions, and `actual`."""
        numeric: dict[str, Numbers] = {}
        texts: dict[str, Labels] = {}
        for name, held in table.columns.items():
            if held.type in _NUMERIC:
                numeric[name] = numbers(_whole(rows[held.column]))
            elif held.type is FeatureType.CATEGORY:
                texts[name] = np.asarray(rows[held.column].to_pylist(), object)
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
        column = table.columns[feature].column
        found = self._database.read(
            f"""
            SELECT {column}::VARCHAR, list(prediction_id ORDER BY timestamp, place)[:$limit]
            FROM {table.predictions}
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
        return [(prediction_id, msgspec.json.decode(value)) for prediction_id, value in found]

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
            SELECT prediction_id, {value} AS v FROM {table.predictions}
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
        self, table: ModelTable, query: str, limit: int, total: int, values: Mapping[str, object]
    ) -> Sample:
        """Rows of a query, at most so many, oldest first: the same ones each time."""
        rows = self._database.arrow(
            f"""
            SELECT * FROM (SELECT * FROM ({query}) ORDER BY hash(prediction_id) LIMIT {int(limit)})
            ORDER BY timestamp, place
            """,
            **values,
        )
        return self.sample_of(table, rows, total)

    def _rows(
        self, table: ModelTable, where: str, rest: str, **values: object
    ) -> list[tuple[str, Json]]:
        """Rows as the contract shows them, each with its cursor."""
        held = list(table.columns.values())
        listed = "".join(f", {c.column}" for c in held)
        found = self._database.read(
            f"""
            WITH chosen AS (
                SELECT place, prediction_id, timestamp, received_at, version, prediction,
                       coalesce(scores, score::VARCHAR) AS score, latency_ms, tags {listed}
                FROM {table.predictions} WHERE {where} ORDER BY timestamp, place {rest})
            SELECT epoch_us(c.timestamp), c.*, a.actual, r.names, r.raws FROM chosen c
            LEFT JOIN ({latest_actuals(table)}
                HAVING prediction_id IN (SELECT prediction_id FROM chosen)) a
                USING (prediction_id)
            LEFT JOIN (
                SELECT place, list(name) AS names, list(value) AS raws FROM misfit
                WHERE model = $model AND source = $source
                    AND place IN (SELECT place FROM chosen) GROUP BY place) r
                ON r.place = c.place
            ORDER BY c.timestamp, c.place
            """,
            model=table.number,
            source=table.predictions,
            **values,
        )
        return [_shown(table, row) for row in found]


def _shown(table: ModelTable, row: tuple[Any, ...]) -> tuple[str, Json]:
    since, place, prediction_id, _, received_at, version, prediction, score, latency, tags = row[
        :10
    ]
    *features, actual, names, raws = row[10:]
    raw = {n: msgspec.json.decode(v) for n, v in zip(names or (), raws or (), strict=True)}
    shown: Json = {
        "prediction_id": prediction_id,
        "timestamp": moment(since).isoformat().replace("+00:00", "Z"),
        "received_at": received_at.isoformat() + "Z",
        "version": version or None,
        "features": {
            column.name: _plain(value, column.name, raw)
            for column, value in zip(table.columns.values(), features, strict=True)
        },
        "prediction": _said(table, prediction, "prediction", raw),
        "score": _plain(None if score is None else msgspec.json.decode(_json(score)), "score", raw),
        "latency_ms": _plain(latency, "latency_ms", raw),
        "tags": None if tags is None else msgspec.json.decode(tags),
        "actual": _said(table, actual, "actual", raw),
    }
    if raw:
        shown["raw"] = raw
    return f"{since}-{place}", shown


def _json(score: str) -> str:
    """DuckDB writes NaN and infinity in words that JSON does not have."""
    return {"nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"'}.get(score, score)


def _said(table: ModelTable, value: Any, name: str, raw: Json) -> Any:
    if value is None or table.is_regression:
        return _plain(value, name, raw)
    return msgspec.json.decode(value)


def _plain(value: Any, name: str, raw: Json) -> Any:
    """A value that JSON can hold; NaN and infinity go to `raw` by their names."""
    if isinstance(value, float) and not np.isfinite(value):
        raw.setdefault(name, "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity")
        return None
    if isinstance(value, list):
        return [None if isinstance(v, float) and not np.isfinite(v) else v for v in value]
    return value.isoformat() + "Z" if hasattr(value, "isoformat") else value


def _cursor(text: str | None) -> tuple[int, int]:
    if text is None:
        return -(2**62), -1
    since, _, place = text.rpartition("-")
    try:
        return int(since), int(place)
    except ValueError:
        raise QueryError("cursor", f"{text!r} is not a `next` of this route") from None


def _whole(column: Any) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _outcome(table: ModelTable, column: Any) -> Labels | Numbers:
    values = outcome(table, _whole(column))
    return numbers(values) if table.is_regression else np.asarray(values.to_pylist(), object)


def _class_scores(texts: Sequence[str | None]) -> dict[str, Numbers]:
    """One column a class, NaN where a row has no score of it."""
    if not any(texts):
        return {}
    rows = [{} if t is None else msgspec.json.decode(t) for t in texts]
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: np.asarray([_float(row.get(name)) for row in rows], np.float64) for name in names}


def _float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else np.nan
