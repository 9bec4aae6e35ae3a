"""Turns features into a matrix: learned from rows, kept as JSON, applied to dicts and to tables.

Nothing here looks at an actual. What a table and a dict of the same values give is equal.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from typing import Any

import numpy as np
import pyarrow as pa

from monitor.core.spec import FeatureSpec, FeatureType
from trainer.research import values
from trainer.research.clean import Bounds, as_floats
from trainer.research.collect import Examples, Matrix

_DAY = 86_400_000_000  # microseconds
_HOUR = 3_600_000_000
_FEWEST = 3
"""A category seen in fewer rows counts as any other rare one."""
_MOST = 100


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned of one feature.

    `categories` gives each known value (and synonym) its code from 1 on, most frequent first; a
    value that is not in it has code 0, a missing one NaN. `size` is the length of an embedding.
    """

    name: str
    type: FeatureType
    bounds: Bounds | None = None
    categories: Mapping[str, int] = field(default_factory=dict)
    size: int = 0

    @property
    def outputs(self) -> list[str]:
        """The names of its columns in the matrix."""
        match self.type:
            case FeatureType.TIMESTAMP:
                return [f"{self.name} {part}" for part in ("day", "hour", "weekday")]
            case FeatureType.TEXT:
                return [f"{self.name} {part}" for part in ("characters", "words")]
            case FeatureType.EMBEDDING:
                return [f"{self.name} {i}" for i in range(self.size)]
            case _:
                return [self.name]


@dataclass(frozen=True, slots=True)
class Encoder:
    """Features → matrix. Unknown features are ignored, absent ones are missing."""

    features: tuple[Learned, ...] = ()

    @property
    def outputs(self) -> list[str]:
        """The names of the columns of the matrix."""
        return [name for feature in self.features for name in feature.outputs]

    @property
    def levels(self) -> list[int]:
        """For each column the number of categories it knows; 0 where it is a number."""
        return [
            max(f.categories.values(), default=0) if f.type is FeatureType.CATEGORY else 0
            for f in self.features
            for _ in f.outputs
        ]

    def rows(self, rows: Sequence[Mapping[str, object]]) -> Matrix:
        """The matrix of rows as they were sent, shape (rows, columns), NaN where missing."""
        readers = [(f, _READERS[f.type]) for f in self.features]
        flat = [x for row in rows for f, read in readers for x in read(f, row.get(f.name))]
        return np.array(flat, np.float64).reshape(len(rows), len(self.outputs))

    def table(self, examples: Examples) -> Matrix:
        """The matrix of stored rows, shape (rows, columns), NaN where missing."""
        parts = [_column(f, examples.feature(f.name)) for f in self.features]
        return np.hstack([np.empty((examples.rows, 0)), *parts])


def learn(
    examples: Examples,
    types: Mapping[str, FeatureType],
    bounds: Mapping[str, Bounds],
    specs: Mapping[str, FeatureSpec],
) -> Encoder:
    """The encoder of the features that vary in these rows."""
    learned = []
    for name, kind in types.items():
        column = examples.feature(name)
        if _varies(column):
            spec = specs.get(name, FeatureSpec())
            bound = _span(column) if kind is FeatureType.TIMESTAMP else bounds.get(name)
            feature = Learned(name, kind, bound, *_detail(kind, column, spec))
            if kind is not FeatureType.CATEGORY or feature.categories:
                learned.append(feature)
    return Encoder(tuple(learned))


def _varies(column: Any) -> bool:
    if pa.types.is_list(column.type):
        return any(v for v in column.to_pylist())
    return len(column.unique()) > 1


def _span(column: Any) -> Bounds:
    """First and last day seen: times go on and on, and no model knows what comes after."""
    days = [t / _DAY for v in column.to_pylist() if (t := values.moment(v)) is not None]
    return Bounds(min(days, default=0.0), max(days, default=0.0))


def _detail(kind: FeatureType, column: Any, spec: FeatureSpec) -> tuple[Mapping[str, int], int]:
    if kind is FeatureType.EMBEDDING:
        sizes = Counter(len(v) for v in column.to_pylist() if isinstance(v, list))
        return {}, sizes.most_common(1)[0][0] if sizes else 0
    if kind is not FeatureType.CATEGORY:
        return {}, 0
    counts = Counter(values.category(v) for v in column.to_pylist() if v is not None)
    names = Counter[str]()
    for value, count in counts.items():
        if value is not None:
            names[spec.synonyms.get(value, value)] += count
    frequent = sorted((-n, v) for v, n in names.items() if n >= _FEWEST)[:_MOST]
    codes = {v: code for code, (_, v) in enumerate(frequent, 1)}
    return codes | {s: codes[v] for s, v in spec.synonyms.items() if v in codes}, 0


def _bounded(feature: Learned, value: float) -> float:
    if feature.bounds is None or value != value:  # NaN is not itself  # noqa: PLR0124
        return value
    return min(max(value, feature.bounds.low), feature.bounds.high)


def _code(feature: Learned, value: object) -> float:
    text = values.category(value)
    return nan if text is None else float(feature.categories.get(text, 0))


def _clock(feature: Learned, value: object) -> tuple[float, float, float]:
    time = values.moment(value)
    if time is None:
        return nan, nan, nan
    return _bounded(feature, time / _DAY), float(time // _HOUR % 24), float((time // _DAY + 3) % 7)


def _measures(value: object) -> tuple[float, float]:
    if not isinstance(value, str):
        return nan, nan
    return float(len(value)), float(len(value.split()))


_READERS: Mapping[FeatureType, Callable[[Learned, object], Sequence[float]]] = {
    FeatureType.NUMBER: lambda f, v: (_bounded(f, values.number(v)),),
    FeatureType.BOOLEAN: lambda _, v: (values.boolean(v),),
    FeatureType.CATEGORY: lambda f, v: (_code(f, v),),
    FeatureType.TIMESTAMP: _clock,
    FeatureType.TEXT: lambda _, v: _measures(values.category(v)),
    FeatureType.EMBEDDING: lambda f, v: values.vector(v, f.size),
}


def _column(feature: Learned, column: Any) -> Matrix:
    """The part of the matrix of one feature, shape (rows, its outputs)."""
    match feature.type:
        case FeatureType.NUMBER if pa.types.is_floating(column.type):
            found = as_floats(column)
            found = np.where(np.isfinite(found), found, nan)
            if feature.bounds is not None:
                found = np.clip(found, feature.bounds.low, feature.bounds.high)
            return found[:, None]
        case FeatureType.BOOLEAN if pa.types.is_boolean(column.type):
            return as_floats(column)[:, None]
        case FeatureType.CATEGORY if pa.types.is_string(column.type):
            return _codes(feature, column)
        case FeatureType.TIMESTAMP if pa.types.is_timestamp(column.type):
            return _clocks(feature, column)
    read = _READERS[feature.type]
    flat = [x for value in column.to_pylist() for x in read(feature, value)]
    return np.array(flat, np.float64).reshape(len(column), len(feature.outputs))


def _codes(feature: Learned, column: Any) -> Matrix:
    encoded = column.dictionary_encode()
    known = [_code(feature, v) for v in encoded.dictionary.to_pylist()]
    places = encoded.indices.to_numpy(zero_copy_only=False)
    missing = np.isnan(np.asarray(places, np.float64))
    codes = np.array([*known, nan], np.float64)
    return codes[np.where(missing, len(known), places).astype(np.int64)][:, None]


def _clocks(feature: Learned, column: Any) -> Matrix:
    given = column.cast(pa.timestamp("us", column.type.tz)).cast(pa.int64())
    valid = np.asarray(given.is_valid().to_numpy(zero_copy_only=False), bool)
    time = np.asarray(given.fill_null(0).to_numpy(zero_copy_only=False), np.int64)
    days = time / _DAY
    if feature.bounds is not None:
        days = np.clip(days, feature.bounds.low, feature.bounds.high)
    parts = [days, time // _HOUR % 24, (time // _DAY + 3) % 7]
    return np.where(valid[:, None], np.stack(parts, axis=1).astype(np.float64), nan)
