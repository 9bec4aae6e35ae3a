"""The type of a feature that nobody declared, from the values that come."""

from collections.abc import Sequence
from datetime import datetime

from monitor.core.rows import Column
from monitor.core.spec import FeatureType

_DISTINCT_TEXT = 200


def guess(column: Column) -> FeatureType | None:
    """The type that most values of an undeclared feature have; None where all are missing."""
    values = column if isinstance(column, list) else column.to_pylist()
    values = [v for v in values if v is not None]
    if not values:
        return None
    counts = {
        FeatureType.BOOLEAN: sum(type(v) is bool for v in values),
        FeatureType.NUMBER: sum(isinstance(v, int | float) and type(v) is not bool for v in values),
        FeatureType.EMBEDDING: sum(isinstance(v, list) for v in values),
        FeatureType.TIMESTAMP: sum(isinstance(v, datetime) for v in values),
    }
    kind = max(counts, key=lambda k: counts[k])
    return kind if 2 * counts[kind] > len(values) else _guess_text(values)


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
