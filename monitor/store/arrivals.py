"""Reads when predictions and their actuals arrived."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby

import numpy as np

from monitor.core.arrivals import Delays, LabelCount
from monitor.core.rows import MICROSECOND, microseconds, moment
from monitor.core.windows import Window
from monitor.store.catalog import Catalog
from monitor.store.database import Database
from monitor.store.samples import SPAN, span_values

_DRAWN = 20_000
"""Predictions that say how long actuals take."""


class Arrivals:
    """Keeps ArrivalBook."""

    def __init__(self, database: Database, catalog: Catalog) -> None:
        self._database = database
        self._catalog = catalog

    def delays(self, model: str, since: datetime, now: datetime) -> Delays:
        """Of about 20,000 predictions that arrived since a moment, the same ones each time."""
        table = self._catalog.table(model)
        recent = "received_at >= make_timestamp($since)"
        first = microseconds(since)
        ((count,),) = self._database.read(
            f"SELECT count(*) FROM {table.predictions} WHERE {recent}", since=first
        )
        rows = self._database.arrow(
            f"""
            WITH drawn AS (
                SELECT prediction_id, epoch_us(received_at) AS received
                FROM {table.predictions}
                WHERE {recent} AND hash(prediction_id) % $every = 0)
            SELECT received, arrived FROM drawn LEFT JOIN (
                SELECT prediction_id, epoch_us(min(received_at)) AS arrived FROM {table.actuals}
                WHERE prediction_id IN (SELECT prediction_id FROM drawn) AND actual IS NOT NULL
                GROUP BY prediction_id) USING (prediction_id)
            """,
            since=first,
            every=max(1, count // _DRAWN),
        )
        received = rows["received"].to_numpy().astype(np.float64)
        arrived = np.asarray(rows["arrived"].to_numpy(), np.float64)  # NaN where there is none
        came = np.isfinite(arrived)
        return Delays(
            (arrived[came] - received[came]) / 1e6, (microseconds(now) - received[~came]) / 1e6
        )

    def label_counts(
        self, model: str, span: Window, every: timedelta, now: datetime
    ) -> Sequence[LabelCount]:
        """Each window that starts in the span and has rows, by version, oldest first."""
        table = self._catalog.table(model)
        step = every // MICROSECOND
        rows = self._database.read(
            f"""
            WITH held AS (
                SELECT prediction_id, version, epoch_us(timestamp) AS stamp,
                       epoch_us(received_at) // 60000000 AS minute
                FROM {table.predictions} WHERE {SPAN})
            SELECT stamp - ((stamp % $step) + $step) % $step AS start, version, minute,
                   count(*) AS rows, count(a.prediction_id) AS labelled
            FROM held LEFT JOIN (
                SELECT DISTINCT prediction_id FROM {table.actuals}
                WHERE actual IS NOT NULL AND prediction_id IN (SELECT prediction_id FROM held)) a
            USING (prediction_id)
            GROUP BY ALL ORDER BY ALL
            """,
            step=step,
            **span_values(span),
        )
        return [
            _counted(moment(start), every, version, list(parts), microseconds(now))
            for (start, version), parts in groupby(rows, key=lambda row: row[:2])
        ]


def _counted(
    start: datetime, every: timedelta, version: str, parts: list[tuple[int, ...]], now: int
) -> LabelCount:
    minutes, rows, labelled = (np.array([p[k] for p in parts], np.float64) for k in (2, 3, 4))
    ages = np.maximum(0.0, now / 1e6 - minutes * 60)
    window = Window(start, start + every)
    return LabelCount(window, version, int(rows.sum()), int(labelled.sum()), ages, rows)
