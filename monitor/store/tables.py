"""Puts gathered rows into a model's tables: typed columns, and beside them what did not fit."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from monitor.core.rows import Column as Given
from monitor.core.spec import FeatureType, Task
from monitor.store.batches import Batch, answers
from monitor.store.catalog import Catalog
from monitor.store.columns import ARROW, Typed, as_json, json_text, json_texts, typed
from monitor.store.database import Database
from monitor.store.gathering import Gathered
from monitor.store.guessing import guess
from monitor.store.layout import ModelTable
from monitor.store.tally import Column, Ints, stamps

Misfits = list[tuple[str, Sequence[tuple[int, object]]]]
"""By name of the feature or field: rows and the values as sent."""


class Tables:
    """Writes rows, in the transaction of whoever calls. `place` numbers the first row."""

    def __init__(self, database: Database, catalog: Catalog) -> None:
        self._database = database
        self._catalog = catalog

    def add_predictions(self, model: str, rows: Gathered, place: int) -> tuple[ModelTable, Batch]:
        """Store predictions; the answer is what the profiles count."""
        table = self._known(model, rows)
        names, values, batch, misfits = self._typed(table, rows, place)
        self._database.insert(table.predictions, names, pa.table(values))
        self._keep_misfits(table, table.predictions, rows, place, batch, misfits)
        return table, batch

    def add_reference(self, model: str, rows: Gathered, place: int, owner: str) -> ModelTable:
        """Store rows that count as normal for the versions of an owner ("" is the model)."""
        table = self._known(model, rows)
        names, values, batch, misfits = self._typed(table, rows, place)
        actual, wrong = outcomes(table, rows.columns.get("actual"), rows.size)
        values |= {"actual": actual, "owner": pa.array([owner] * rows.size, pa.string())}
        self._database.insert(table.reference, [*names, "actual", "owner"], pa.table(values))
        misfits.append(("actual", wrong))
        self._keep_misfits(table, table.reference, rows, place, batch, misfits)
        return table

    def add_actuals(self, model: str, rows: Gathered, place: int) -> None:
        """Store actuals; each stands beside those of the same id, and the latest holds."""
        table = self._catalog.table(model)
        actual, wrong = outcomes(table, rows.columns.get("actual"), rows.size)
        values = {
            "place": np.arange(place, place + rows.size),
            "prediction_id": pa.array(rows.prediction_ids, pa.string()),
            "timestamp": stamps(rows.timestamps),
            "received_at": stamps(rows.received_at),
            "actual": actual,
        }
        self._database.insert(table.actuals, list(values), pa.table(values))
        nothing = Batch(rows.timestamps, np.full(rows.size, "", object), {})
        self._keep_misfits(table, table.actuals, rows, place, nothing, [("actual", wrong)])

    def _known(self, model: str, rows: Gathered) -> ModelTable:
        """The table with a column for every feature that has a value in these rows."""
        table = self._catalog.table(model)
        types = {
            name: kind
            for name, column in rows.features.items()
            if name not in table.columns and (kind := guess(column)) is not None
        }
        return self._catalog.grow(model, types) if types else table

    def _typed(
        self, table: ModelTable, rows: Gathered, place: int
    ) -> tuple[list[str], dict[str, Any], Batch, Misfits]:
        size, given = rows.size, rows.columns
        prediction, wrong = outcomes(table, given.get("prediction"), size)
        score, scores, bad_scores = _scores(table, given.get("score"), size)
        latency = typed(given.get("latency_ms") or [None] * size, FeatureType.NUMBER)
        tags, bad_tags = _tags(given.get("tags"), size)
        versions = _texts(given.get("version"), size)
        values: dict[str, Any] = {
            "place": np.arange(place, place + size),
            "prediction_id": pa.array(rows.prediction_ids, pa.string()),
            "timestamp": stamps(rows.timestamps),
            "received_at": stamps(rows.received_at),
            "version": pa.array(versions, pa.string()),
            "prediction": prediction,
            "score": score,
            "scores": scores,
            "latency_ms": latency.values,
            "tags": tags,
        }
        columns = answers(table, prediction, score, latency.values)
        misfits: Misfits = [
            ("prediction", wrong),
            ("score", bad_scores),
            ("latency_ms", latency.misfits),
            ("tags", bad_tags),
        ]
        for name, held in table.columns.items():
            fitted = _feature(rows, name, held.type)
            values[held.column] = fitted.values
            columns[held.number] = Column(
                held.type,
                fitted.values,
                _indices(rows, name),
                np.asarray([row for row, _ in fitted.misfits], np.int64),
            )
            misfits.append((name, fitted.misfits))
        batch = Batch(rows.timestamps, np.asarray(versions, object), columns)
        return list(values), values, batch, misfits

    def _keep_misfits(
        self,
        table: ModelTable,
        source: str,
        rows: Gathered,
        place: int,
        batch: Batch,
        misfits: Misfits,
    ) -> None:
        found = [(name, row, value) for name, wrong in misfits for row, value in wrong]
        if not found:
            return
        at = np.asarray([row for _, row, _ in found], np.int64)
        values = {
            "model": np.full(len(found), table.number, np.int32),
            "source": pa.array([source] * len(found)),
            "place": at + place,
            "timestamp": stamps(rows.timestamps[at]),
            "version": pa.array(batch.versions[at].tolist(), pa.string()),
            "prediction_id": pa.array([rows.prediction_ids[i] for i in at], pa.string()),
            "name": pa.array([name for name, _, _ in found], pa.string()),
            "value": pa.array([as_json(value) for _, _, value in found], pa.string()),
        }
        self._database.insert("misfit", list(values), pa.table(values))


def outcomes(
    table: ModelTable, column: Given | None, size: int
) -> tuple[pa.Array, Sequence[tuple[int, object]]]:
    """Predictions or actuals as they are stored: numbers, or the JSON text of each label."""
    if column is None:
        kind = pa.float64() if table.is_regression else pa.string()
        return pa.nulls(size, kind), ()
    if table.is_regression:
        fitted = typed(column, FeatureType.NUMBER)
        return fitted.values, fitted.misfits
    return json_texts(column), ()


def _feature(rows: Gathered, name: str, kind: FeatureType) -> Typed:
    if name not in rows.features:
        return Typed(pa.nulls(rows.size, ARROW[kind]))
    return typed(rows.features[name], kind)


def _indices(rows: Gathered, name: str) -> Ints:
    if name not in rows.features:
        return np.arange(rows.size)
    mask = rows.absent.get(name)
    return np.empty(0, np.int64) if mask is None else np.flatnonzero(mask)


def _scores(
    table: ModelTable, column: Given | None, size: int
) -> tuple[pa.Array, pa.Array, Sequence[tuple[int, object]]]:
    """The score as a number, and as JSON text where it is an object of classes."""
    none = pa.nulls(size, pa.string())
    if column is None:
        return pa.nulls(size, pa.float64()), none, ()
    if table.spec.task is not Task.MULTICLASS:
        fitted = typed(column, FeatureType.NUMBER)
        return fitted.values, none, fitted.misfits
    values = column if isinstance(column, list) else column.to_pylist()
    objects = [value if isinstance(value, dict) else None for value in values]
    rest = typed(
        [None if isinstance(value, dict) else value for value in values], FeatureType.NUMBER
    )
    return rest.values, pa.array(json_text(objects), pa.string()), rest.misfits


def _tags(column: Given | None, size: int) -> tuple[pa.Array, Sequence[tuple[int, object]]]:
    if column is None:
        return pa.nulls(size, pa.string()), ()
    values = column if isinstance(column, list) else column.to_pylist()
    objects = [value if isinstance(value, dict) else None for value in values]
    wrong = [
        (row, value)
        for row, value in enumerate(values)
        if value is not None and not isinstance(value, dict)
    ]
    return pa.array(json_text(objects), pa.string()), wrong


def _texts(column: Given | None, size: int) -> list[str]:
    if column is None:
        return [""] * size
    values = column if isinstance(column, list) else column.to_pylist()
    return ["" if value is None else str(value) for value in values]
