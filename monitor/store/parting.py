"""Counts of new rows by time bucket, as rows for the profile tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from monitor.core.profile import Bins
from monitor.store.batches import ROWS, Batch
from monitor.store.database import Database
from monitor.store.layout import ModelTable
from monitor.store.merging import MOMENTS
from monitor.store.tally import COUNTS, Floats, Ints, stamps, tally


class Parts:
    """Rows for the three profile tables, gathered column by column."""

    def __init__(self, model: int, version: str, segment: str = "") -> None:
        self._model = model
        self._version = version
        self._segment = segment
        self._gathered: dict[str, dict[str, list[Any]]] = {}

    def count(self, table: ModelTable, batch: Batch, bins: Mapping[int, Bins]) -> None:
        """Count rows in their time buckets."""
        starts, groups = np.unique(batch.timestamps // table.bucket, return_inverse=True)
        starts *= table.bucket
        size = len(starts)
        self._rows(starts, groups, (batch.received - batch.timestamps) / 1e6)
        for number, column in batch.prepared(table, bins).items():
            counted = tally(column, groups, size)
            values: list[Any] = [counted.counts[n] for n in COUNTS]
            values += [counted.minimum, counted.maximum, counted.total, counted.squares]
            self._moments(starts, number, values)
            self._cells("profile_bin", "bin", starts, number, counted.bins)
            self._cells("profile_category", "category", starts, number, counted.categories)

    def _rows(self, starts: Ints, groups: Ints, lags: Floats) -> None:
        """How many rows, and the moments of their lags in seconds."""
        size = len(starts)
        empty = np.zeros(size, np.int64)
        least, most = empty + np.inf, empty - np.inf
        np.minimum.at(least, groups, lags)
        np.maximum.at(most, groups, lags)
        values: list[Any] = [np.bincount(groups, minlength=size), *[empty] * (len(COUNTS) - 1)]
        values += [least, most]
        values += [np.bincount(groups, lags, size), np.bincount(groups, lags * lags, size)]
        self._moments(starts, ROWS, values)

    def _moments(self, starts: Ints, number: int, values: Sequence[Any]) -> None:
        named = dict(zip(COUNTS + MOMENTS, values, strict=True))
        self._gather("profile", starts, number, named)

    def _cells(
        self, table: str, cell: str, starts: Ints, number: int, found: tuple[Any, Any, Any]
    ) -> None:
        groups, cells, rows = found
        if len(groups):
            self._gather(table, starts[groups], number, {cell: cells, "rows": rows})

    def insert(self, database: Database) -> None:
        """Store what was counted."""
        for name, columns in self._gathered.items():
            joined = {key: np.concatenate(parts) for key, parts in columns.items()}
            size = len(joined["start"])
            batch = {
                "model": np.full(size, self._model, np.int32),
                "version": pa.array([self._version] * size, pa.string()),
                **joined,
                "start": stamps(joined["start"]),
            }
            if self._segment:
                batch["segment"] = pa.array([self._segment] * size, pa.string())
            kind = "segment_" if self._segment else ""
            database.insert(f"{kind}{name}", list(batch), pa.table(batch))

    def _gather(self, table: str, starts: Ints, number: int, named: Mapping[str, Any]) -> None:
        columns = self._gathered.setdefault(table, {})
        columns.setdefault("start", []).append(starts)
        columns.setdefault("feature", []).append(np.full(len(starts), number, np.int32))
        for name, values in named.items():
            columns.setdefault(name, []).append(values)
