"""The rows that count as normal: put by a user, or adopted with a promoted version."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq

from monitor.core.errors import BodyError
from monitor.core.ports import Clock, Decoder
from monitor.core.profile import Profiles
from monitor.core.rows import Accepted, Body, Kind, Rows, Scattered, microseconds
from monitor.core.spec import FeatureType, ModelSpec
from monitor.core.windows import Sample
from monitor.store.bins import BinBook
from monitor.store.catalog import Catalog
from monitor.store.database import Database
from monitor.store.folding import Folder
from monitor.store.gathering import Gathered, Part, gather
from monitor.store.layout import ModelTable, part_of
from monitor.store.profiles import StoredProfiles
from monitor.store.samples import Samples
from monitor.store.tables import Tables

Infer = Callable[[ModelSpec, Profiles, Mapping[str, FeatureType], Sample], ModelSpec]
"""What is left out of a declared spec, filled in from the reference (see engine/infer.py)."""

_FOLD_SECONDS = timedelta(seconds=60)
_SAMPLED = 50_000
_KEPT = 15
"""Samples of references that stay in memory, beside the newest."""


class References:
    """Keeps ReferenceBook."""

    def __init__(
        self,
        database: Database,
        catalog: Catalog,
        bins: BinBook,
        profiles: StoredProfiles,
        tables: Tables,
        samples: Samples,
        folder: Folder,
        decoder: Decoder,
        infer: Infer,
        clock: Clock,
    ) -> None:
        self._database = database
        self._catalog = catalog
        self._bins = bins
        self._profiles = profiles
        self._tables = tables
        self._samples = samples
        self._folder = folder
        self._decoder = decoder
        self._infer = infer
        self._clock = clock
        self._drawn: dict[tuple[int, str, int, bool], tuple[Profiles, Sample]] = {}

    def put(self, model: str, body: Body) -> Accepted:
        """Replace the reference of all versions; on disk when it returns."""
        self._catalog.table(model)
        rows = self._decoder.read(body, Kind.REFERENCE)
        if isinstance(rows.features, Scattered):
            raise BodyError(
                f"{rows.size} rows with {len(rows.features)} features, of which few rows share any,"
                " are no reference"
            )
        twice = _repeated(rows)
        gathered = gather([Part.of(rows, twice, microseconds(self._clock()), "reference")])
        try:
            with self._database.transaction():
                table = self._catalog.table(model)
                self._clear(table, None)
                table = self._add(model, gathered, "")
                learned = self._infer(
                    table.declared,
                    self._bins.reference(table, ""),
                    {name: column.type for name, column in table.columns.items()},
                    self._samples.reference_sample(table, "", _SAMPLED),
                )
                table = self._catalog.learn(model, learned)
                self._bins.forget(table)
                self._profiles.rebuild(table)
        except BaseException:
            self._catalog.reload()
            raise
        self._folder.settle_rows()
        return Accepted(gathered.size, len(twice), rows.rejected)

    def adopt(self, model: str, version: str, snapshot: Path) -> None:
        """Make the snapshot of a promoted version its reference."""
        rows = rows_of_snapshot(snapshot)
        gathered = gather([Part.of(rows, (), microseconds(self._clock()), f"snapshot-{version}")])
        try:
            with self._database.transaction():
                self._clear(self._catalog.table(model), version)
                table = self._add(model, gathered, version)
                self._profiles.rebuild(table, version)
        except BaseException:
            self._catalog.reload()
            raise
        self._folder.settle_rows()

    def reference(self, model: str, version: str) -> Profiles:
        """Profiles of the version's reference, else the model's."""
        return self._bins.reference(self._catalog.table(model), version)

    def reference_sample(
        self, model: str, version: str, limit: int, *, labelled: bool = False
    ) -> Sample:
        """At most `limit` rows of the version's reference, else the model's."""
        table = self._catalog.table(model)
        owner = self._bins.owner(table, version)
        profiles = self._bins.reference(table, version)  # another object once anything changed
        key = (table.number, owner, limit, labelled)
        known = self._drawn.get(key)
        if known is not None and known[0] is profiles:
            return known[1]
        sample = self._samples.reference_sample(table, owner, limit, labelled=labelled)
        kept = list(self._drawn.items())[-_KEPT:]
        self._drawn = {k: v for k, v in kept if k != key} | {key: (profiles, sample)}
        return sample

    def owner(self, model: str, version: str) -> str:
        """Whose reference holds for a version: its own, or "" for the model's."""
        return self._bins.owner(self._catalog.table(model), version)

    def _add(self, model: str, rows: Gathered, owner: str) -> ModelTable:
        place = self._folder.place_rows(rows.size)
        table = self._tables.add_reference(model, rows, place, owner)
        self._bins.fix(table, owner)
        return table

    def _clear(self, table: ModelTable, owner: str | None) -> None:
        """Forget the reference of one owner, or of all."""
        chosen = "" if owner is None else " AND owner = $owner"
        values = {} if owner is None else {"owner": owner}
        gone = f"FROM {table.reference} WHERE true{chosen}"
        for part in table.parts:
            held = part_of(table.reference, part)
            self._database.write(
                f"DELETE FROM {held} WHERE place IN (SELECT place {gone})", **values
            )
        self._database.write(f"DELETE {gone}", **values)
        self._database.write(
            f"DELETE FROM reference WHERE model = $m{chosen.replace('owner =', 'version =')}",
            m=table.number,
            **values,
        )
        if owner is None:
            self._database.write(
                "DELETE FROM misfit WHERE model = $m AND source = $source",
                m=table.number,
                source=table.reference,
            )
        self._bins.forget(table)


def _repeated(rows: Rows) -> list[int]:
    """Rows whose id stands further up already."""
    ids = rows.columns.get("prediction_id")
    seen: set[str] = set()
    twice = []
    for index, prediction_id in enumerate(ids or ()):
        if prediction_id is not None and prediction_id in seen:
            twice.append(index)
        elif prediction_id is not None:
            seen.add(prediction_id)
    return twice


def rows_of_snapshot(path: Path) -> Rows:
    """The rows of a snapshot file (see core.ports.SnapshotSource)."""
    table = pq.read_table(path)
    head = "features."
    features = {n.removeprefix(head): table[n] for n in table.column_names if n.startswith(head)}
    columns = {
        name: table[name]
        for name in ("prediction", "score", "actual", "version")
        if name in table.column_names
    }
    stamps = table["timestamp"].cast("timestamp[us]").cast("int64")
    ids = table["prediction_id"].to_pylist()
    return Rows(table.num_rows, {**columns, "prediction_id": ids, "timestamp": stamps}, features)
