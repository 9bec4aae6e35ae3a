"""Profiles in time buckets: counted while rows are folded, added up when asked.

Rows that share a version share its bins, so their buckets add up to any window. A span whose
ends cut through a bucket is completed by a scan of the rows there.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from monitor.core.profile import Bins, Profiles
from monitor.core.rows import MICROSECOND, microseconds, moment
from monitor.core.windows import Traffic, Window
from monitor.store.batches import ROWS, Batch, stored
from monitor.store.bins import BinBook, added, arranged
from monitor.store.catalog import Catalog
from monitor.store.compacting import PROFILE_TABLES, SEGMENT_TABLES, Compactor
from monitor.store.database import Database
from monitor.store.dividing import divided
from monitor.store.layout import ModelTable
from monitor.store.merging import WINDOW, WITHIN, merged
from monitor.store.parting import Parts
from monitor.store.tally import COUNTS, profile_of, stamps
from monitor.store.traffic import traffic_of

_AT_ONCE = 64


class StoredProfiles:
    """Keeps ProfileBook."""

    def __init__(self, database: Database, catalog: Catalog, bins: BinBook) -> None:
        self._database = database
        self._catalog = catalog
        self._bins = bins
        self._compactor = Compactor(database)
        catalog.on_change.append(self._changed)

    def add(self, table: ModelTable, batch: Batch) -> None:
        """Count new rows; in the transaction that stores them."""
        for version in sorted(set(batch.versions.tolist())):
            self._add_version(table, version, batch.of_version(version))

    def profiles(
        self, model: str, span: Window, every: timedelta
    ) -> Iterator[tuple[Window, str, Profiles]]:
        """Each window that starts in the span and has rows, oldest first, by version."""
        table, step = self._catalog.table(model), every // MICROSECOND
        starts = self._database.read(
            f"""
            SELECT DISTINCT {WINDOW} FROM profile
            WHERE {WITHIN} AND feature = {ROWS} ORDER BY 1
            """,
            model=table.number,
            origin=0,
            every=step,
            first=_up(microseconds(span.start), step),
            last=_up(microseconds(span.end), step),
        )
        for at in range(0, len(starts), _AT_ONCE):
            first, last = starts[at][0], starts[at : at + _AT_ONCE][-1][0] + step
            parts = merged(self._database, self._bins, table, first, last, step)
            for (start, version), profiles in sorted(parts.items(), key=lambda item: item[0]):
                yield Window(moment(start), moment(start + step)), version, profiles

    def profile(self, model: str, span: Window) -> Profiles:
        """One profile of all rows in the span, whatever their version."""
        table = self._catalog.table(model)
        first, last = microseconds(span.start), microseconds(span.end)
        inner, outer = _up(first, table.bucket), last // table.bucket * table.bucket
        owners = {self._bins.owner(table, v) for v in self._versions(table, first, last)}
        bins = self._bins.of(table, owners.pop()) if len(owners) == 1 else {}
        if not bins or inner >= outer:
            return self._scan(table, [(first, last)], bins or None)
        whole = merged(self._database, self._bins, table, inner, outer, outer - inner)
        return added([*whole.values(), self._scan(table, [(first, inner), (outer, last)], bins)])

    def traffic(self, model: str, span: Window, every: timedelta) -> Sequence[Traffic]:
        """Each window that starts in the span and has rows, oldest first."""
        step = every // MICROSECOND
        first, last = _up(microseconds(span.start), step), _up(microseconds(span.end), step)
        return traffic_of(self._database, self._catalog.table(model), first, last, step)

    def extent(self, model: str) -> Window | None:
        """The span of event time that holds every row."""
        table = self._catalog.table(model)
        ((first, last),) = self._database.read(
            f"SELECT epoch_us(min(timestamp)), epoch_us(max(timestamp)) FROM {table.predictions}"
        )
        return None if first is None else Window(moment(first), moment(last + 1))

    def versions(self, model: str) -> Sequence[str]:
        """Every version that rows came from, in order."""
        found = self._database.read(
            "SELECT DISTINCT version FROM profile WHERE model = $model ORDER BY 1",
            model=self._catalog.table(model).number,
        )
        return [version for (version,) in found]

    def rebuild(self, table: ModelTable, version: str | None = None) -> None:
        """Count all rows, or those of one version, anew: bins, buckets or bounds have changed.

        Which rows lacked a feature altogether is only known from the counts, so those are kept.
        """
        with self._database.transaction():
            absent = self._database.arrow(
                """
                SELECT version, epoch_us(start) AS start, feature, sum(absent)::BIGINT AS absent
                FROM profile WHERE model = $model AND coalesce(version = $version, true)
                    AND absent > 0
                GROUP BY version, start, feature
                """,
                model=table.number,
                version=version,
            )
            chosen = "coalesce(version = $version, true)"
            for name in (*PROFILE_TABLES, *SEGMENT_TABLES):
                self._database.write(
                    f"DELETE FROM {name} WHERE model = $model AND {chosen}",
                    model=table.number,
                    version=version,
                )
            for batch in stored(self._database, table, table.predictions, chosen, version=version):
                self.add(table, batch)
            if absent.num_rows:
                self._restore_absent(table, absent)

    def _restore_absent(self, table: ModelTable, absent: Any) -> None:
        size = absent.num_rows
        starts = np.asarray(absent["start"].to_numpy(), np.int64)
        none, nothing = np.zeros(size, np.int64), np.zeros(size)
        columns = {
            "model": none + table.number,
            "version": absent["version"],
            "start": stamps(starts // table.bucket * table.bucket),
            "feature": absent["feature"],
            **dict.fromkeys(COUNTS, none),
            "absent": absent["absent"],
            "minimum": nothing + np.inf,
            "maximum": nothing - np.inf,
            "total": nothing,
            "squares": nothing,
        }
        self._database.insert("profile", list(columns), pa.table(columns))

    def _changed(self, before: ModelTable, after: ModelTable) -> None:
        """A spec that counts otherwise means counting again."""
        divided_otherwise = before.spec.segments != after.spec.segments
        if divided_otherwise:
            self._bins.fix_segments(after)
        if divided_otherwise or _counting(before, before.columns) != _counting(
            after, before.columns
        ):
            self._bins.forget(after)
            self.rebuild(after)
        if before.bucket != after.bucket:
            self._mark_again(before, after)

    def _mark_again(self, before: ModelTable, after: ModelTable) -> None:
        """What was not checked yet stays so when buckets are cut otherwise."""
        with self._database.transaction() as connection:
            connection.execute(
                f"""
                CREATE TEMP TABLE marks AS
                SELECT p.model, p.start, max(u.place) AS place
                FROM (SELECT DISTINCT model, start FROM profile
                      WHERE model = $model AND feature = {ROWS}) p
                JOIN unchecked u ON u.model = p.model
                    AND epoch_us(p.start) < epoch_us(u.start) + $before
                    AND epoch_us(p.start) + $after > epoch_us(u.start)
                GROUP BY p.model, p.start
                """,
                {"model": after.number, "before": before.bucket, "after": after.bucket},
            )
            connection.execute("DELETE FROM unchecked WHERE model = ?", [after.number])
            connection.execute("INSERT INTO unchecked SELECT model, start, place FROM marks")
            connection.execute("DROP TABLE marks")

    def _add_version(self, table: ModelTable, version: str, batch: Batch) -> None:
        starts = np.unique(batch.timestamps // table.bucket) * table.bucket
        bins = self._bins.of(table, version)
        parts = Parts(table.number, version)
        parts.count(table, batch, bins)
        parts.insert(self._database)
        for segment, rows in divided(table, batch, bins, self._bins.segments(table, version)):
            of_segment = Parts(table.number, version, segment)
            of_segment.count(table, rows, bins)
            of_segment.insert(self._database)
        self._compactor.added((table.number, version, start) for start in starts.tolist())

    def _versions(self, table: ModelTable, first: int, last: int) -> list[str]:
        found = self._database.read(
            f"SELECT DISTINCT version FROM profile WHERE {WITHIN} AND feature = {ROWS}",
            model=table.number,
            first=first // table.bucket * table.bucket,
            last=last,
        )
        return [version for (version,) in found]

    def _scan(
        self,
        table: ModelTable,
        spans: Sequence[tuple[int, int]],
        bins: Mapping[int, Bins] | None,
    ) -> Profiles:
        """A profile by reading the rows; without fixed bins, in those of the first rows read."""
        where = " OR ".join(
            f"(timestamp >= make_timestamp({first:d}) AND timestamp < make_timestamp({last:d}))"
            for first, last in spans
        )
        parts = []
        for batch in stored(self._database, table, table.predictions, f"({where})"):
            if bins is None:
                bins = self._bins.made_of(batch)
            columns = batch.prepared(table, bins)
            made = {number: profile_of(column) for number, column in columns.items()}
            parts.append(arranged(table, batch.rows, made))
        return added(parts)


def _up(value: int, step: int) -> int:
    """The first multiple of a step that is not below a value."""
    return -(-value // step) * step


def _counting(table: ModelTable, columns: Mapping[str, object]) -> object:
    """All of a spec on which the counts depend, for the features that had columns."""
    features = table.spec.features
    return table.bucket, [
        (name, features[name].type, features[name].min, features[name].max)
        for name in columns
        if name in features
    ]
