"""Rows of a model as typed columns, whether they have just come or lie in a table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from monitor.core.profile import LATENCY_BINS, UNIT_BINS, Bins
from monitor.core.spec import FeatureSpec, FeatureType
from monitor.store.database import Database
from monitor.store.layout import ModelTable
from monitor.store.tally import Column, Ints
from monitor.store.wide import features_at
from monitor.store.written import label_of_json, read_json

ROWS, PREDICTION, SCORE, LATENCY, BEYOND = 0, -1, -2, -3, -4
"""Numbers of what is profiled beside the features: the rows themselves, the answers, and which
rows hold features that have no column."""

_CHUNK = 100_000
_CELLS = 20_000_000
_FEWEST = 1_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Typed columns by number, where and when each row stands, and when it came (microseconds)."""

    timestamps: Ints
    versions: npt.NDArray[np.object_]
    columns: Mapping[int, Column]
    received: Ints

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.timestamps)

    def of_version(self, version: str) -> "Batch":
        """Only the rows of one version."""
        return self.at(np.flatnonzero(self.versions == version))

    def at(self, chosen: Ints) -> "Batch":
        """Only the rows at these places, ascending."""
        if len(chosen) == self.rows:
            return self
        moved = np.full(self.rows, -1)
        moved[chosen] = np.arange(len(chosen))

        def kept(indices: Ints) -> Ints:
            places: Ints = moved[indices]
            return places[places >= 0]

        return Batch(
            self.timestamps[chosen],
            self.versions[chosen],
            {
                number: replace(
                    column,
                    values=column.values.take(pa.array(chosen)),
                    absent=kept(column.absent),
                    misfits=kept(column.misfits),
                )
                for number, column in self.columns.items()
            },
            self.received[chosen],
        )

    def prepared(self, table: ModelTable, bins: Mapping[int, Bins]) -> Mapping[int, Column]:
        """The columns with the bins they are counted in and the bounds of the spec."""
        ready = {}
        for number, column in self.columns.items():
            fixed = {SCORE: UNIT_BINS, LATENCY: LATENCY_BINS}.get(number) or bins.get(number)
            ready[number] = replace(column, bins=fixed)
        for name, held in table.columns.items():
            if held.number in ready:
                spec = table.spec.features.get(name, FeatureSpec())
                ready[held.number] = replace(ready[held.number], low=spec.min, high=spec.max)
        return ready


def labels(texts: pa.Array) -> pa.Array:
    """JSON texts of labels as the labels they name."""
    encoded = texts.dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    names = pa.array([label_of_json(t) for t in encoded.dictionary.to_pylist()], pa.string())
    return names.take(encoded.indices)


def outcome(table: ModelTable, values: pa.Array) -> pa.Array:
    """A stored prediction or actual to compute with: a number, or the label."""
    return values if table.is_regression else labels(values)


def answers(table: ModelTable, prediction: Any, score: Any, latency: Any) -> dict[int, Column]:
    """The columns of what the model answered."""
    kind = FeatureType.NUMBER if table.is_regression else FeatureType.CATEGORY
    return {
        PREDICTION: Column(kind, outcome(table, prediction)),
        SCORE: Column(FeatureType.NUMBER, score),
        LATENCY: Column(FeatureType.NUMBER, latency),
    }


def beyond(extra: pa.Array) -> dict[int, Column]:
    """The column that counts rows with a value in a feature without a column; none without any."""
    if extra.null_count == len(extra):
        return {}
    marks = [
        t is not None and any(v is not None for v in read_json(t).values())
        for t in extra.to_pylist()
    ]
    if not any(marks):
        return {}
    values = pa.array([1.0 if mark else None for mark in marks], pa.float64())
    return {BEYOND: Column(FeatureType.NUMBER, values)}


def stored(
    database: Database, table: ModelTable, source: str, where: str, **values: object
) -> Iterator[Batch]:
    """The rows of one of a model's tables in parts of a bounded size, misfits marked."""
    further = [held for held in table.columns.values() if held.part]
    chunk = max(_FEWEST, min(_CHUNK, _CELLS // (len(table.columns) + 1)))
    listed = "".join(f", {held.column}" for held in table.columns.values() if not held.part)
    listed += ", extra" if source == table.predictions else ", NULL::VARCHAR AS extra"
    after = -1
    while True:
        part = database.arrow(
            f"""
            SELECT place, epoch_us(timestamp) AS timestamp, version, prediction, score,
                   latency_ms, epoch_us(received_at) AS received {listed}
            FROM {source} WHERE {where} AND place > $after ORDER BY place LIMIT {chunk}
            """,
            after=after,
            **values,
        )
        if part.num_rows:
            for held, values_held in features_at(database, source, _whole(part["place"]), further):
                part = part.append_column(held.column, values_held)
            yield _batch(database, table, source, part)
        if part.num_rows < chunk:
            return
        after = part["place"][-1].as_py()


def _batch(database: Database, table: ModelTable, source: str, part: Any) -> Batch:
    places = np.asarray(part["place"].to_numpy(), np.int64)
    wrong = _misfits(database, table, source, places)
    columns = answers(
        table, _whole(part["prediction"]), _whole(part["score"]), _whole(part["latency_ms"])
    )
    columns |= beyond(_whole(part["extra"]))
    for held in table.columns.values():
        columns[held.number] = Column(
            held.type,
            _whole(part[held.column]),
            misfits=wrong.get(held.name, np.empty(0, np.int64)),
        )
    return Batch(
        np.asarray(part["timestamp"].to_numpy(), np.int64),
        np.asarray(part["version"].to_pylist(), object),
        columns,
        np.asarray(part["received"].to_numpy(), np.int64),
    )


def _whole(column: Any) -> pa.Array:
    return column.combine_chunks()


def _misfits(database: Database, table: ModelTable, source: str, places: Ints) -> dict[str, Ints]:
    if not len(places):
        return {}
    found = database.read(
        """
        SELECT name, list(place) FROM misfit
        WHERE model = $model AND source = $source AND place BETWEEN $first AND $last
        GROUP BY name
        """,
        model=table.number,
        source=source,
        first=int(places[0]),
        last=int(places[-1]),
    )
    return {
        name: np.flatnonzero(np.isin(places, np.asarray(wrong, np.int64))) for name, wrong in found
    }
