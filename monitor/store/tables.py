"""Puts gathered rows into a model's tables: typed columns, and beside them what they do not hold.

What does not fit its column is kept raw as a misfit. What fits, but would come back otherwise than
it was sent, is kept too: as a form, or else whole. So a row can be shown as it was sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from monitor.core.spec import FeatureType
from monitor.store import parts
from monitor.store.batches import Batch, answers, beyond
from monitor.store.catalog import Catalog
from monitor.store.columns import ARROW, Places, Typed, typed
from monitor.store.database import Database
from monitor.store.forms import Cells, Form, packed
from monitor.store.gathering import Gathered
from monitor.store.guessing import guess
from monitor.store.layout import MOST_FEATURES, FeatureColumn, ModelTable, part_of
from monitor.store.tally import Column, Ints, stamps
from monitor.store.written import as_json

Named = list[tuple[str, Places]]
"""By name of the feature or part: rows and the values as sent."""


@dataclass(frozen=True, slots=True)
class _Filled:
    """Rows as the columns of a table, and what these do not hold of features and of parts."""

    values: dict[str, Any]
    batch: Batch
    features: dict[str, Typed]
    wrong: Named


class Tables:
    """Writes rows, in the transaction of whoever calls. `place` numbers the first row.

    A model gets at most `most` columns; features past that are kept with their rows.
    """

    def __init__(self, database: Database, catalog: Catalog, most: int = MOST_FEATURES) -> None:
        self._database = database
        self._catalog = catalog
        self._most = most

    def add_predictions(self, model: str, rows: Gathered, place: int) -> tuple[ModelTable, Batch]:
        """Store predictions; the answer is what the profiles count."""
        table = self._known(model, rows)
        filled = _filled(table, rows, place)
        table = self._with_forms(table, filled)
        beside = _beside(table, rows, filled)
        values = filled.values | beside
        self._insert(table, table.predictions, rows, values, filled)
        self._keep_misfits(table, table.predictions, rows, place, filled)
        unlike = [(name, typed.unlike) for name, typed in filled.features.items()]
        self._keep_sent(table, table.predictions, place, unlike, part=False)
        self._keep_sent(table, table.predictions, place, filled.wrong, part=True)
        columns = filled.batch.columns
        if "extra" in beside:
            columns = {**columns, **beyond(beside["extra"])}
        return table, replace(filled.batch, columns=columns)

    def add_reference(self, model: str, rows: Gathered, place: int, owner: str) -> ModelTable:
        """Store rows that count as normal for the versions of an owner ("" is the model)."""
        table = self._known(model, rows)
        filled = _filled(table, rows, place)
        actual, _ = parts.outcomes(table, rows.columns.get("actual"), rows.size)
        values = filled.values | {
            "actual": actual,
            "owner": pa.array([owner] * rows.size, pa.string()),
        }
        self._insert(table, table.reference, rows, values, filled)
        self._keep_misfits(table, table.reference, rows, place, filled)
        return table

    def add_actuals(self, model: str, rows: Gathered, place: int) -> None:
        """Store actuals; each stands beside those of the same id, and the latest holds."""
        table = self._catalog.table(model)
        actual, wrong = parts.outcomes(table, rows.columns.get("actual"), rows.size)
        values = {
            "place": np.arange(place, place + rows.size),
            "prediction_id": pa.array(rows.prediction_ids, pa.string()),
            "timestamp": stamps(rows.timestamps),
            "received_at": stamps(rows.received_at),
            "actual": actual,
        }
        self._database.insert(table.actuals, list(values), pa.table(values))
        self._keep_sent(table, table.actuals, place, [("actual", wrong)], part=True)

    def _insert(
        self,
        table: ModelTable,
        source: str,
        rows: Gathered,
        values: Mapping[str, Any],
        filled: _Filled,
    ) -> None:
        """Append rows, and their features where these lie: those that no row has are left out."""
        parts: dict[int, dict[str, Any]] = {0: dict(values)}
        for name, held in table.columns.items():
            if name in rows.features:
                columns = parts.setdefault(held.part, {"place": values["place"]})
                columns[held.column] = filled.features[name].values
        for part, columns in parts.items():
            self._database.insert(part_of(source, part), list(columns), pa.table(columns))

    def _known(self, model: str, rows: Gathered) -> ModelTable:
        """The table with a column for every feature that has a value in these rows."""
        table = self._catalog.table(model)
        room = self._most - len(table.columns)
        types: dict[str, FeatureType] = {}
        for name, column in rows.features.items():
            if name in table.columns or len(types) >= room:
                continue
            kind = guess(column)
            if kind is not None:
                types[name] = kind
        return self._catalog.grow(model, types) if types else table

    def _with_forms(self, table: ModelTable, filled: _Filled) -> ModelTable:
        """The table with the usual form of each feature that shows it for the first time."""
        found: dict[str, Form] = {}
        for name, held in table.columns.items():
            if held.form is None and name in filled.features:
                form = filled.features[name].sent(held.type).usual()
                if form is not None:
                    found[name] = form
        return self._catalog.keep_forms(table.name, found) if found else table

    def _keep_misfits(
        self, table: ModelTable, source: str, rows: Gathered, place: int, filled: _Filled
    ) -> None:
        found = [(n, row, value) for n, f in filled.features.items() for row, value in f.misfits]
        if not found:
            return
        at = np.asarray([row for _, row, _ in found], np.int64)
        values = {
            "model": np.full(len(found), table.number, np.int32),
            "source": pa.array([source] * len(found)),
            "place": at + place,
            "timestamp": stamps(rows.timestamps[at]),
            "version": pa.array(filled.batch.versions[at].tolist(), pa.string()),
            "prediction_id": pa.array([rows.prediction_ids[i] for i in at], pa.string()),
            "name": pa.array([name for name, _, _ in found], pa.string()),
            "value": pa.array([as_json(value) for _, _, value in found], pa.string()),
        }
        self._database.insert("misfit", list(values), pa.table(values))

    def _keep_sent(
        self, table: ModelTable, source: str, place: int, named: Named, *, part: bool
    ) -> None:
        """Keep values of features or of parts as they were sent."""
        found = [(name, row, value) for name, places in named for row, value in places]
        if not found:
            return
        values = {
            "model": np.full(len(found), table.number, np.int32),
            "source": pa.array([source] * len(found)),
            "place": np.asarray([row for _, row, _ in found], np.int64) + place,
            "part": np.full(len(found), part),
            "name": pa.array([name for name, _, _ in found], pa.string()),
            "value": pa.array([as_json(value) for _, _, value in found], pa.string()),
        }
        self._database.insert("sent", list(values), pa.table(values))


def _filled(table: ModelTable, rows: Gathered, place: int) -> _Filled:
    size, given = rows.size, rows.columns
    prediction, wrong = parts.outcomes(table, given.get("prediction"), size)
    score, scores, bad_scores = parts.scores(table, given.get("score"), size)
    latency, bad_latencies = parts.numbers(given.get("latency_ms"), size)
    tags, bad_tags = parts.tags(given.get("tags"), size)
    versions = parts.versions(given.get("version"), size)
    values: dict[str, Any] = {
        "place": np.arange(place, place + size),
        "prediction_id": pa.array(rows.prediction_ids, pa.string()),
        "timestamp": stamps(rows.timestamps),
        "received_at": stamps(rows.received_at),
        "version": pa.array(versions, pa.string()),
        "prediction": prediction,
        "score": score,
        "scores": scores,
        "latency_ms": latency,
        "tags": tags,
    }
    columns = answers(table, prediction, score, latency)
    features: dict[str, Typed] = {}
    for name, held in table.columns.items():
        fitted = features[name] = _feature(rows, held)
        wrong_rows = np.asarray([row for row, _ in fitted.misfits], np.int64)
        columns[held.number] = Column(held.type, fitted.values, _indices(rows, name), wrong_rows)
    batch = Batch(rows.timestamps, np.asarray(versions, object), columns, rows.received_at)
    odd = [("score", bad_scores), ("latency_ms", bad_latencies), ("tags", bad_tags)]
    return _Filled(values, batch, features, [("prediction", wrong), *odd])


def _feature(rows: Gathered, held: FeatureColumn) -> Typed:
    if held.name not in rows.features:
        return Typed(pa.nulls(rows.size, ARROW[held.type]))
    return typed(rows.features[held.name], held.type)


def _indices(rows: Gathered, name: str) -> Ints:
    if name not in rows.features:
        return np.arange(rows.size)
    mask = rows.absent.get(name)
    return np.empty(0, np.int64) if mask is None else np.flatnonzero(mask)


def _beside(table: ModelTable, rows: Gathered, filled: _Filled) -> dict[str, pa.Array]:
    """The columns that most rows need not: forms, and features without a column."""
    forms, extra = packed(_cells(table, filled), rows.size), _extra(table, rows)
    columns = {"forms": forms, "extra": extra}
    return {name: held for name, held in columns.items() if held.null_count < rows.size}


def _cells(table: ModelTable, filled: _Filled) -> list[Cells]:
    """What stands in the rows in another form than is usual."""
    cells: list[Cells] = []
    for name, fitted in filled.features.items():
        held = table.columns[name]
        cells.append(Cells(held.number, *fitted.sent(held.type).odd(held.usual)))
        column = filled.batch.columns[held.number]
        if fitted.values.null_count > len(column.absent):
            rows = _nulls(fitted.values, column)
            cells.append(Cells(held.number, rows, np.full(len(rows), Form.NULL, np.uint8)))
    return cells


def _nulls(values: pa.Array, column: Column) -> Ints:
    """Rows whose value was sent as null."""
    null = np.asarray(values.is_null().to_numpy(zero_copy_only=False), bool)
    null[column.absent] = False
    null[column.misfits] = False
    return np.flatnonzero(null)


def _extra(table: ModelTable, rows: Gathered) -> pa.Array:
    """The features that have no column, as one JSON text a row, null where a row has none."""
    names = [name for name in rows.features if name not in table.columns]
    if not names:
        return pa.nulls(rows.size, pa.string())
    given = {name: rows.features[name] for name in names}
    lists = {n: c if isinstance(c, list) else c.to_pylist() for n, c in given.items()}
    found: list[dict[str, object]] = [{} for _ in range(rows.size)]
    for name, values in lists.items():
        for row in _present(rows, name):
            found[row][name] = values[row]
    nothing: dict[tuple[str, ...], str] = {}
    return pa.array([_object(row, nothing) for row in found], pa.string())


def _present(rows: Gathered, name: str) -> Sequence[int]:
    mask = rows.absent.get(name)
    return range(rows.size) if mask is None else np.flatnonzero(~mask).tolist()


def _object(row: dict[str, object], nothing: dict[tuple[str, ...], str]) -> str | None:
    """A row of extra features as JSON; those that are all null are written once."""
    if not row:
        return None
    if any(value is not None for value in row.values()):
        return as_json(row)
    names = tuple(row)
    if names not in nothing:
        nothing[names] = as_json(row)
    return nothing[names]
