"""Values of a feature whose type has changed, read in the new type as if they came now."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from monitor.core.spec import FeatureType
from monitor.store.columns import Typed, typed
from monitor.store.database import Database
from monitor.store.forms import NATURAL, Cells, Form, Ints, joined, of_column, restored
from monitor.store.layout import FeatureColumn, ModelTable, part_of
from monitor.store.written import as_json, read_json

_AT_ONCE = 100_000


class Retyping:
    """Fills the `new` column of a feature from the old one, its forms, and what was kept raw."""

    def __init__(
        self, database: Database, table: ModelTable, old: FeatureColumn, new: FeatureColumn
    ) -> None:
        self._database = database
        self._table = table
        self._old = old
        self._new = new

    def read(self) -> FeatureColumn:
        """Read all rows; the answer is the new column with the usual form of its values."""
        for source in (self._table.reference, self._table.predictions):
            for rows in self._parts(source):
                self._read(source, rows)
        if self._new.form is not None:
            self._database.write(
                "UPDATE feature SET form = $form WHERE model = $model AND number = $number",
                form=int(self._new.form),
                model=self._table.number,
                number=self._new.number,
            )
        return self._new

    def _parts(self, source: str) -> Iterator[pa.Table]:
        forms = "forms" if source == self._table.predictions else "NULL::BLOB AS forms"
        part = self._old.part
        held = f"LEFT JOIN {part_of(source, part)} USING (place)" if part else ""
        after = -1
        while True:
            rows = self._database.arrow(
                f"""
                SELECT place, timestamp, version, prediction_id, {self._old.column} AS held, {forms}
                FROM {source} {held} WHERE place > $after ORDER BY place LIMIT {_AT_ONCE}
                """,
                after=after,
            )
            if rows.num_rows:
                yield rows
            if rows.num_rows < _AT_ONCE:
                return
            after = rows["place"][-1].as_py()

    def _read(self, source: str, rows: pa.Table) -> None:
        places = np.asarray(rows["place"].to_numpy(), np.int64)
        held, forms = _whole(rows["held"]), _whole(rows["forms"])
        odd, codes = of_column(forms, self._old.number)
        raw = self._raw(source, places)
        fitted = typed(self._sent(held, odd, codes, raw), self._new.type)
        sent = fitted.sent(self._new.type)
        if self._new.form is None and (usual := sent.usual()) is not None:
            self._new = replace(self._new, form=usual)
        nulls = odd[codes == Form.NULL]
        cells = [
            Cells(self._new.number, *sent.odd(self._new.usual)),
            Cells(self._new.number, nulls, np.full(len(nulls), Form.NULL, np.uint8)),
        ]
        self._write(source, places, self._new.column, fitted.values)
        if source == self._table.predictions:
            self._write(source, places, "forms", joined(forms, self._old.number, cells))
        self._keep(source, rows, places, fitted)

    def _write(self, source: str, places: Ints, column: str, values: pa.Array) -> None:
        """Replace the values of one column at some places, ascending."""
        part = self._new.part if column == self._new.column else 0
        name = part_of(source, part)
        near = f"{name}.place BETWEEN {places[0]:d} AND {places[-1]:d}"
        with self._database.staged(pa.table({"place": places, "value": values})) as connection:
            connection.execute(
                f"UPDATE {name} SET {column} = batch.value FROM batch "
                f"WHERE {name}.place = batch.place AND {near}"
            )
            if part:
                connection.execute(
                    f"INSERT INTO {name} (place, {column}) SELECT place, value FROM batch "
                    "WHERE value IS NOT NULL "
                    f"AND place NOT IN (SELECT place FROM {name} WHERE {near})"
                )

    def _sent(self, held: pa.Array, odd: Ints, codes: Any, raw: dict[int, Any]) -> Any:
        """The values as they were sent: the column itself where that is what it holds."""
        usual, kind = self._old.usual, self._old.type
        plain = usual is NATURAL[kind] and kind is not FeatureType.TIMESTAMP
        if plain and not raw and not (codes != Form.NULL).any():
            return held
        forms = dict(zip(odd.tolist(), (Form(code) for code in codes.tolist()), strict=True))
        values = held.to_pylist()
        for row, value in enumerate(values):
            if value is not None:
                values[row] = restored(value, kind, forms.get(row, usual))
        for row, value in raw.items():
            values[row] = value
        return values

    def _raw(self, source: str, places: Ints) -> dict[int, Any]:
        """The values that were kept raw, by row; kept no longer."""
        found: dict[int, Any] = {}
        values = {"model": self._table.number, "source": source, "name": self._new.name}
        for name, more in (("misfit", ""), ("sent", " AND NOT part")):
            where = (
                "model = $model AND source = $source AND name = $name"
                f" AND place BETWEEN {places[0]:d} AND {places[-1]:d}{more}"
            )
            rows = self._database.read(f"SELECT place, value FROM {name} WHERE {where}", **values)
            at = np.searchsorted(places, np.asarray([place for place, _ in rows], np.int64))
            found |= dict(zip(at.tolist(), (read_json(v) for _, v in rows), strict=True))
            if rows:
                self._database.write(f"DELETE FROM {name} WHERE {where}", **values)
        return found

    def _keep(self, source: str, rows: pa.Table, places: Ints, fitted: Typed) -> None:
        """Keep raw what does not fit the new type."""
        for table, kept in (("misfit", fitted.misfits), ("sent", fitted.unlike)):
            if not kept or (table == "sent" and source != self._table.predictions):
                continue
            at = pa.array([row for row, _ in kept], pa.int64())
            values: dict[str, Any] = {
                "model": pa.array([self._table.number] * len(kept), pa.int32()),
                "source": pa.array([source] * len(kept), pa.string()),
                "place": places[at.to_numpy()],
                "name": pa.array([self._new.name] * len(kept), pa.string()),
                "value": pa.array([as_json(value) for _, value in kept], pa.string()),
            }
            if table == "misfit":
                for name in ("timestamp", "version", "prediction_id"):
                    values[name] = rows[name].take(at)
            else:
                values["part"] = pa.array([False] * len(kept))
            self._database.insert(table, list(values), pa.table(values))


def _whole(column: Any) -> pa.Array:
    return column.combine_chunks()
