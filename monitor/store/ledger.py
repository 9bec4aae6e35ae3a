"""Keeps what is due and how far the engine came."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from monitor.core.ports import LabelledStream, Progress
from monitor.core.rows import MICROSECOND, microseconds, moment
from monitor.core.windows import Sample, Window
from monitor.store.catalog import Catalog
from monitor.store.database import Database
from monitor.store.folding import Folder
from monitor.store.merging import WINDOW
from monitor.store.samples import ANSWERS, Samples


class StoredLedger:
    """Keeps Ledger. Traffic has stopped when nothing came for `idle`."""

    def __init__(
        self,
        database: Database,
        catalog: Catalog,
        samples: Samples,
        folder: Folder,
        idle: timedelta,
    ) -> None:
        self._database = database
        self._catalog = catalog
        self._samples = samples
        self._folder = folder
        self._idle = idle

    def transaction(self) -> AbstractContextManager[None]:
        """All writes of this thread inside it take effect together, or none."""
        return self._together()

    @contextmanager
    def _together(self) -> Iterator[None]:
        with self._database.transaction():
            yield

    def due(self, model: str, now: datetime) -> Sequence[Window]:
        """Windows with rows not yet checked whose time is over, oldest first."""
        table = self._catalog.table(model)
        every = table.spec.window.every // MICROSECOND
        ((latest, arrived),) = self._database.read(
            "SELECT epoch_us(latest), epoch_us(arrived) FROM model WHERE number = $number",
            number=table.number,
        )
        if arrived is None:
            return []
        at = microseconds(now)
        latest = at if latest is None else latest  # no row but such as claim to be of the future
        idle = at - arrived >= self._idle // MICROSECOND
        found = self._database.read(
            f"""
            SELECT DISTINCT {WINDOW} AS w FROM unchecked
            WHERE model = $model AND w + $every <= $over ORDER BY w
            """,
            model=table.number,
            every=every,
            origin=0,
            over=at if idle else min(latest, at),
        )
        return [Window(moment(start), moment(start + every)) for (start,) in found]

    def done(self, model: str, window: Window, upto: int) -> None:
        """The window was checked with all rows that were folded up to a place."""
        self._database.write(
            """
            DELETE FROM unchecked WHERE model = $model AND place <= $upto
                AND start >= make_timestamp($first) AND start < make_timestamp($last)
            """,
            model=self._catalog.table(model).number,
            upto=upto,
            first=microseconds(window.start),
            last=microseconds(window.end),
        )

    def folded_upto(self) -> int:
        """The place up to which rows can be read now."""
        return self._folder.rows

    def progress(self, model: str) -> Progress:
        """As last saved; the beginning at first."""
        found = self._database.read(
            "SELECT labelled, alerts FROM progress WHERE model = $model", model=model
        )
        states = self._database.read(
            "SELECT key, state FROM stream WHERE model = $model", model=model
        )
        if not found:
            return Progress()
        ((labelled, alerts),) = found
        return Progress(labelled, alerts, dict(states))

    def advance(self, model: str, progress: Progress) -> None:
        """Save how far the engine came."""
        with self._database.transaction() as connection:
            for name in ("progress", "stream"):
                connection.execute(f"DELETE FROM {name} WHERE model = ?", [model])
            connection.execute(
                "INSERT INTO progress VALUES (?, ?, ?)", [model, progress.labelled, progress.alerts]
            )
            for key, state in progress.states.items():
                connection.execute("INSERT INTO stream VALUES (?, ?, ?)", [model, key, state])

    def newly_labelled(self, model: str, after: int) -> LabelledStream:
        """Rows that have both prediction and actual now, and had not at `after`.

        Each counts once, at the place where the later of the prediction and its first actual lies;
        an actual that came in place of another is told apart.
        Rows that one body completed come in order of event time: in what order somebody wrote them
        into it means nothing.
        """
        table, upto = self._catalog.table(model), self._folder.rows
        if upto <= after:
            return LabelledStream(upto)
        rows = self._database.arrow(
            f"""
            WITH touched AS (
                SELECT prediction_id FROM {table.actuals} WHERE place >= $after AND place < $upto
                UNION
                SELECT prediction_id FROM {table.predictions}
                WHERE place >= $after AND place < $upto),
            first AS (
                SELECT prediction_id, min(place) AS came, max(place) AS last,
                       arg_min(actual, place) AS actual,
                       arg_min(received_at, place) AS arrived
                FROM {table.actuals}
                WHERE place < $upto AND actual IS NOT NULL
                    AND prediction_id IN (SELECT prediction_id FROM touched)
                GROUP BY prediction_id)
            SELECT {ANSWERS}, version, f.actual, greatest(p.place, f.came) AS complete
            FROM {table.predictions} p JOIN first f USING (prediction_id)
            WHERE greatest(complete, f.last) >= $after AND complete < $upto AND p.place < $upto
            ORDER BY greatest(p.received_at, f.arrived), p.timestamp, complete
            """,
            after=after,
            upto=upto,
        )
        is_new = pc.greater_equal(rows["complete"], after)
        return LabelledStream(
            upto,
            self._by_version(model, rows.filter(is_new)),
            _times(rows.filter(pc.invert(is_new))),
        )

    def _by_version(self, model: str, rows: object) -> Mapping[str, Sample]:
        table = self._catalog.table(model)
        samples = {}
        for version in sorted(set(rows["version"].to_pylist())):  # type: ignore[index]
            part = rows.filter(pc.equal(rows["version"], version))  # type: ignore[attr-defined, index]
            samples[version] = self._samples.sample_of(
                table, table.predictions, part, part.num_rows
            )
        return samples


def _times(rows: Any) -> Mapping[str, npt.NDArray[np.int64]]:
    """Event times in microseconds by version."""
    return {
        version: np.asarray(
            rows.filter(pc.equal(rows["version"], version))["timestamp"].cast("int64").to_numpy()
        )
        for version in sorted(set(rows["version"].to_pylist()))
    }
