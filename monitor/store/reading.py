"""Reads stored rows as they were sent: by id, or page by page."""

from collections.abc import Sequence

from monitor.core.ports import Json
from monitor.core.windows import Window
from monitor.store.layout import ModelTable
from monitor.store.samples import SPAN, Samples, latest_actuals, span_values
from monitor.store.showing import cursor, shown


class Reading(Samples):
    """The reading half of PredictionLog, and Examples."""

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
        since, place = cursor(after)
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

    def _rows(
        self, table: ModelTable, where: str, rest: str, **values: object
    ) -> list[tuple[str, Json]]:
        """Rows as the contract shows them, each with its cursor."""
        held = list(table.columns.values())
        listed = "".join(f", {c.column}" for c in held)
        found = self._database.read(
            f"""
            WITH chosen AS (
                SELECT place, prediction_id, timestamp, received_at, version, prediction, score,
                       scores, latency_ms, tags, forms, extra {listed}
                FROM {table.predictions} WHERE {where} ORDER BY timestamp, place {rest})
            SELECT epoch_us(c.timestamp), c.*, a.actual, m.misfits, s.sent FROM chosen c
            LEFT JOIN ({latest_actuals(table, "SELECT prediction_id FROM chosen")}) a
                USING (prediction_id)
            LEFT JOIN (
                SELECT place, list((name, value)) AS misfits FROM misfit
                WHERE model = $model AND source = $source
                    AND place IN (SELECT place FROM chosen) GROUP BY place) m
                ON m.place = c.place
            LEFT JOIN (
                SELECT place, list((part, name, value)) AS sent FROM (
                    SELECT place, part, name, value FROM sent
                    WHERE model = $model AND source = $source
                        AND place IN (SELECT place FROM chosen)
                    UNION ALL
                    SELECT c.place, true, 'actual', o.value FROM chosen c
                    JOIN ({_odd_actuals(table)}) o USING (prediction_id))
                GROUP BY place) s
                ON s.place = c.place
            ORDER BY c.timestamp, c.place
            """,
            model=table.number,
            source=table.predictions,
            actuals=table.actuals,
            **values,
        )
        return [shown(table, row) for row in found]


def _odd_actuals(table: ModelTable) -> str:
    """The latest actual of each id that has none but such as cannot be read, as it was sent."""
    return f"""
        SELECT prediction_id, arg_max(value, (timestamp, place)) AS value
        FROM {table.actuals} LEFT JOIN (
            SELECT place, value FROM sent WHERE model = $model AND source = $actuals) USING (place)
        WHERE prediction_id IN (SELECT prediction_id FROM chosen)
        GROUP BY prediction_id HAVING count(actual) = 0"""
