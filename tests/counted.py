"""Profiles and samples of plain values, counted by the store's own code."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from monitor.core.profile import LATENCY_BINS, UNIT_BINS, Bins, Profile, Profiles
from monitor.core.spec import FeatureType
from monitor.core.windows import Sample, Window
from monitor.store.tally import Column, finite, profile_of

HOUR = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, 1, tzinfo=UTC))
DAY = timedelta(days=1)
_TYPES = {
    FeatureType.NUMBER: pa.float64(),
    FeatureType.CATEGORY: pa.string(),
    FeatureType.BOOLEAN: pa.bool_(),
    FeatureType.TEXT: pa.string(),
}


def rows(indices: Iterable[int]) -> np.ndarray:
    """Row numbers."""
    return np.array(sorted(indices), np.int64)


def counted(
    values: Sequence[object] | np.ndarray,
    like: Profile | Bins | None = None,
    kind: FeatureType | None = None,
    absent: Iterable[int] = (),
    misfits: Iterable[int] = (),
    low: float | None = None,
    high: float | None = None,
) -> Profile:
    """The profile of a column; None is missing. Bins are those of `like`, else its own."""
    values = list(values)
    if kind is None:
        text = any(isinstance(v, str) for v in values)
        kind = FeatureType.CATEGORY if text else FeatureType.NUMBER
    array = pa.array(values, _TYPES[kind], from_pandas=False)
    bins = like.bins if isinstance(like, Profile) else like
    if kind is FeatureType.NUMBER and bins is None:
        bins = Bins.of(finite(array))
    bins = bins if kind is FeatureType.NUMBER else None
    return profile_of(Column(kind, array, rows(absent), rows(misfits), bins, low, high))


def profiles(like: Profiles | None = None, **features: object) -> Profiles:
    """Profiles of columns of one length, in the bins of others. A profile stands as it is."""
    before = {} if like is None else like.features
    made = {
        name: values if isinstance(values, Profile) else counted(values, before.get(name))
        for name, values in features.items()
    }
    return Profiles(max((p.rows for p in made.values()), default=0), made)


def answers(
    prediction: Sequence[object] | None = None,
    score: Sequence[float] | None = None,
    latency: Sequence[float] | None = None,
    like: Profiles | None = None,
) -> Profiles:
    """Profiles of what a model answered."""
    known = like.prediction if like else None
    made = (
        None if prediction is None else counted(prediction, known),
        None if score is None else counted(score, UNIT_BINS),
        None if latency is None else counted(latency, LATENCY_BINS),
    )
    return Profiles(max((p.rows for p in made if p), default=0), {}, *made)


def sample(
    numbers: dict[str, np.ndarray] | None = None,
    labels: dict[str, Sequence[str | None]] | None = None,
    start: int = 0,
    total: int | None = None,
    **parts: object,
) -> Sample:
    """A sample of rows `r<start>`, ... that come a second apart."""
    columns = [*(numbers or {}).values(), *(labels or {}).values()]
    columns += [v for v in parts.values() if v is not None and not isinstance(v, dict)]
    size = len(columns[0]) if columns else 0
    return Sample(
        size if total is None else total,
        [f"r{i}" for i in range(start, start + size)],
        np.arange(start, start + size) * 1_000_000,
        {name: np.asarray(v, float) for name, v in (numbers or {}).items()},
        {name: np.array(list(v), object) for name, v in (labels or {}).items()},
        **parts,  # type: ignore[arg-type]
    )
