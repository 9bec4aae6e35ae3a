"""Labelled rows as a file to learn from."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from monitor.core.ports import Json
from monitor.core.rows import microseconds
from monitor.core.windows import Window
from monitor.store.batches import outcome
from monitor.store.catalog import Catalog
from monitor.store.database import Database
from monitor.store.layout import ModelTable
from monitor.store.samples import latest_actuals
from monitor.store.wide import features_at
from monitor.store.written import label_of_json


class Snapshots:
    """Keeps SnapshotSource."""

    def __init__(self, database: Database, catalog: Catalog) -> None:
        self._database = database
        self._catalog = catalog

    def export(self, model: str, destination: Path, excluded: Sequence[Window]) -> Json:
        """Write every labelled row, oldest first, as Parquet; the answer is its manifest."""
        table = self._catalog.table(model)
        spans = "".join(
            f" AND NOT (timestamp >= make_timestamp({microseconds(w.start):d})"
            f" AND timestamp < make_timestamp({microseconds(w.end):d}))"
            for w in excluded
        )
        rows = self._database.arrow(
            f"SELECT * FROM ({_labelled(table)}) WHERE true{spans} ORDER BY timestamp, place"
        )
        pq.write_table(self._named(table, rows), destination, compression="zstd")
        ((first, last),) = self._database.read(
            f"SELECT min(timestamp), max(timestamp) FROM ({_labelled(table)}) WHERE true{spans}"
        )
        return {
            "rows": rows.num_rows,
            "from": None if first is None else first.isoformat() + "Z",
            "to": None if last is None else last.isoformat() + "Z",
            "excluded": [[w.start.isoformat(), w.end.isoformat()] for w in excluded],
            "features": list(table.columns),
            "sha256": sha256(destination.read_bytes()).hexdigest(),
        }

    def label_counts(self, model: str) -> Mapping[str, int]:
        """How many labelled rows there are, by class; "" counts all."""
        table = self._catalog.table(model)
        found = self._database.read(
            f"SELECT actual, count(*) FROM ({_labelled(table)}) GROUP BY actual"
        )
        counts = {"": sum(n for _, n in found)}
        for actual, n in () if table.is_regression else found:
            name = label_of_json(actual) or ""
            counts[name] = counts.get(name, 0) + n
        return counts

    def _named(self, table: ModelTable, rows: pa.Table) -> pa.Table:
        """The columns of a snapshot, by the names of the features."""
        columns = {
            "prediction_id": rows["prediction_id"],
            "timestamp": pc.assume_timezone(rows["timestamp"], "UTC"),
            "origin": rows["origin"],
            "version": rows["version"],
            "prediction": outcome(table, rows["prediction"].combine_chunks()),
            "score": rows["score"],
            "actual": outcome(table, rows["actual"].combine_chunks()),
        }
        further = [held for held in table.columns.values() if held.part]
        places = rows["place"].combine_chunks()
        found: dict[int, pa.Array] = {}
        for source in (table.predictions, table.reference):  # no place is in both
            for held, values in features_at(self._database, source, places, further):
                known = found.get(held.number)
                found[held.number] = values if known is None else pc.coalesce(known, values)
        for name, held in table.columns.items():
            columns[f"features.{name}"] = found[held.number] if held.part else rows[held.column]
        return pa.table(columns)


def _labelled(table: ModelTable) -> str:
    features = "".join(f", {c.column}" for c in table.columns.values() if not c.part)
    return f"""
        SELECT p.place, prediction_id, p.timestamp, 'prediction' AS origin, version, prediction,
               score, a.actual {features}
        FROM {table.predictions} p JOIN ({latest_actuals(table)}) a USING (prediction_id)
        UNION ALL BY NAME
        SELECT place, prediction_id, timestamp, 'reference' AS origin, version, prediction,
               score, actual {features}
        FROM {table.reference} WHERE owner = '' AND actual IS NOT NULL AND prediction_id NOT IN (
            SELECT prediction_id FROM {table.predictions})"""
