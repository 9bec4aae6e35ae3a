"""Rows that show a fault or a change."""

from collections.abc import Mapping, Sequence

import numpy as np

from monitor.core.spec import FeatureType
from monitor.core.windows import Window
from monitor.store.catalog import Catalog
from monitor.store.database import Database
from monitor.store.layout import ModelTable, with_feature
from monitor.store.samples import SPAN, span_values
from monitor.store.written import read_json


class ExampleRows:
    """Keeps Examples."""

    _database: Database
    _catalog: Catalog

    def with_values(
        self,
        model: str,
        version: str,
        window: Window,
        feature: str,
        *,
        values: Sequence[str],
        limit: int,
    ) -> Mapping[str, Sequence[str]]:
        """At most `limit` ids of rows for each category value that has any."""
        table = self._catalog.table(model)
        if feature not in table.columns:
            return {}
        held = table.columns[feature]
        column = held.column
        found = self._database.read(
            f"""
            SELECT {column}::VARCHAR, list(prediction_id ORDER BY timestamp, place)[:$limit]
            FROM {with_feature(table.predictions, held)}
            WHERE {SPAN} AND version = $version AND {column}::VARCHAR IN (SELECT unnest($values))
            GROUP BY 1
            """,
            limit=limit,
            version=version,
            values=list(values),
            **span_values(window),
        )
        return dict(found)

    def misfits(
        self, model: str, version: str, window: Window, feature: str, *, limit: int
    ) -> Sequence[tuple[str, object]]:
        """Ids and raw values of rows whose value did not fit the type."""
        table = self._catalog.table(model)
        found = self._database.read(
            f"""
            SELECT prediction_id, value FROM misfit
            WHERE model = $model AND source = $source AND name = $feature
                AND version = $version AND {SPAN}
            ORDER BY timestamp, place LIMIT $limit
            """,
            model=table.number,
            source=table.predictions,
            feature=feature,
            version=version,
            limit=limit,
            **span_values(window),
        )
        return [(prediction_id, read_json(value)) for prediction_id, value in found]

    def outside(
        self,
        model: str,
        version: str,
        window: Window,
        feature: str,
        *,
        low: float | None,
        high: float | None,
        limit: int,
    ) -> Sequence[tuple[str, float]]:
        """Ids and values of rows whose number lies outside the bounds."""
        low, high = -np.inf if low is None else low, np.inf if high is None else high
        values = {"version": version, "low": low, "high": high, "limit": limit}
        values |= span_values(window)
        condition = "(v < $low OR v > $high)"
        return self._where(self._catalog.table(model), condition, feature, **values)

    def inside(
        self,
        model: str,
        version: str,
        window: Window,
        feature: str,
        *,
        low: float,
        high: float,
        limit: int,
    ) -> Sequence[tuple[str, float]]:
        """Ids and values of rows whose number lies inside the bounds."""
        values = {"version": version, "low": low, "high": high, "limit": limit}
        values |= span_values(window)
        condition = "v BETWEEN $low AND $high"
        return self._where(self._catalog.table(model), condition, feature, **values)

    def _where(
        self, table: ModelTable, condition: str, feature: str, **asked: object
    ) -> Sequence[tuple[str, float]]:
        """Ids and values of rows whose finite number `v` keeps a condition, oldest first."""
        if feature not in table.columns:
            return []
        held = table.columns[feature]
        stamp = held.type is FeatureType.TIMESTAMP
        value = f"epoch_us({held.column}) / 1e6" if stamp else f"{held.column}::DOUBLE"
        return self._database.read(
            f"""
            SELECT prediction_id, {value} AS v FROM {with_feature(table.predictions, held)}
            WHERE {SPAN} AND version = $version AND isfinite(v) AND {condition}
            ORDER BY timestamp, place LIMIT $limit
            """,
            **asked,
        )
