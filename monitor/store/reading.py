"""Reads stored rows as they were sent: by id, or page by page.

First the few that are asked for are found, then what belongs to each: the columns of wide rows
are read once and never sorted or joined.
"""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import pyarrow as pa

from monitor.core.ports import Json
from monitor.core.windows import Window
from monitor.store.examples import ExampleRows
from monitor.store.layout import ModelTable
from monitor.store.samples import SPAN, Samples, latest_actuals, span_values
from monitor.store.showing import Beside, cursor, shown
from monitor.store.wide import features_at

_CELLS = 1_000_000
"""Values of rows that are read at once."""


class Reading(Samples, ExampleRows):
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
        found = self._database.read(
            f"SELECT place, prediction_id FROM {table.predictions} WHERE {where} "
            f"ORDER BY timestamp, place {rest}",
            **values,
        )
        places = [place for place, _ in found]
        beside = self._beside(table, places)
        actuals = self._actuals(table, [prediction_id for _, prediction_id in found])
        rows: dict[int, tuple[str, Json]] = {}
        at_once = max(1, _CELLS // (len(table.columns) + 1))
        for first in range(0, len(places), at_once):
            for row in self._wide(table, places[first : first + at_once]):
                place, prediction_id = row[1:3]
                actual = actuals.get(prediction_id, (None, None))
                rows[place] = shown(table, row, actual, beside.get(place, Beside()))
        return [rows[place] for place in places if place in rows]

    def _wide(self, table: ModelTable, places: Sequence[int]) -> list[tuple[Any, ...]]:
        """Whole rows, the columns of features last and in the order of the table."""
        rows = self._database.read(
            f"""
            SELECT epoch_us(timestamp), place, prediction_id, received_at, version, prediction,
                   score, scores, latency_ms, tags, forms, extra
            FROM {table.predictions} WHERE place IN (SELECT unnest($places))
            """,
            places=places,
        )
        held = list(table.columns.values())
        at = pa.array([row[1] for row in rows], pa.int64())
        read = features_at(self._database, table.predictions, at, held)
        columns = {column.number: values.to_pylist() for column, values in read}
        features = zip(*(columns[column.number] for column in held), strict=True) if held else ()
        return [row + found for row, found in zip_longest(rows, features, fillvalue=())]

    def _actuals(
        self, table: ModelTable, ids: Sequence[str]
    ) -> Mapping[str, tuple[Any, str | None]]:
        """The actual that holds for each id; where none can be read, the latest as it was sent."""
        asked = "SELECT unnest($ids)"
        found = self._database.read(latest_actuals(table, asked), ids=list(ids))
        actuals: dict[str, tuple[Any, str | None]] = {i: (value, None) for i, value in found}
        if not table.is_regression:
            return actuals
        odd = self._database.read(
            f"""
            SELECT prediction_id, arg_max(s.value, (timestamp, place))
            FROM {table.actuals} JOIN sent s USING (place)
            WHERE s.model = $model AND s.source = $source AND prediction_id IN ({asked})
            GROUP BY prediction_id
            """,
            ids=list(ids),
            model=table.number,
            source=table.actuals,
        )
        return {i: (None, value) for i, value in odd} | actuals

    def _beside(self, table: ModelTable, places: Sequence[int]) -> Mapping[int, Beside]:
        """What was kept of each row because its columns do not hold it."""
        kept: dict[int, Beside] = {}
        for place, kind, name, value in self._database.read(
            """
            SELECT place, 'misfit', name, value FROM misfit
            WHERE model = $model AND source = $source AND place IN (SELECT unnest($places))
            UNION ALL
            SELECT place, if(part, 'part', 'whole'), name, value FROM sent
            WHERE model = $model AND source = $source AND place IN (SELECT unnest($places))
            """,
            model=table.number,
            source=table.predictions,
            places=places,
        ):
            beside = kept.setdefault(place, Beside())
            {"misfit": beside.misfits, "part": beside.parts, "whole": beside.whole}[kind][name] = (
                value
            )
        return kept
