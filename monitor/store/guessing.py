"""The type of a feature that nobody declared, from the values that come."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from monitor.core.rows import Column
from monitor.core.spec import FeatureType

_DISTINCT_TEXT = 200
_TYPES: dict[type, FeatureType] = {
    bool: FeatureType.BOOLEAN,
    int: FeatureType.NUMBER,
    float: FeatureType.NUMBER,
    list: FeatureType.EMBEDDING,
    datetime: FeatureType.TIMESTAMP,
}


def guess(column: Column) -> FeatureType | None:
    """The type that most values of an undeclared feature have; None where all are missing."""
    if not isinstance(column, list):
        kind = _of_arrow(column)
        if kind is not None:
            return kind if column.null_count < len(column) else None
        column = column.to_pylist()
    values = [v for v in column if v is not None]
    if not values:
        return None
    counts: Counter[FeatureType] = Counter()
    for found, count in Counter(map(type, values)).items():
        if found in _TYPES:
            counts[_TYPES[found]] += count
    for kind, count in counts.most_common(1):
        if 2 * count > len(values):
            return kind
    return _guess_text(values)


def _of_arrow(column: Any) -> FeatureType | None:
    """The type that an Arrow column shows by its own; None where the values must tell."""
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return FeatureType.NUMBER
    return FeatureType.BOOLEAN if pa.types.is_boolean(column.type) else None


def _guess_text(values: Sequence[object]) -> FeatureType:
    texts = [v for v in values if isinstance(v, str)]
    if texts and all(_is_timestamp(v) for v in texts[:100]):
        return FeatureType.TIMESTAMP
    distinct = len(set(texts))
    if distinct > _DISTINCT_TEXT and 2 * distinct > len(texts):
        return FeatureType.TEXT
    return FeatureType.CATEGORY


def _is_timestamp(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return len(value) >= 8  # "2024" and the like are numbers or categories
