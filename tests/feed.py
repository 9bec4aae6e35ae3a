"""A clean feed of loan applications, as rows are sent, and a watch over it without a service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from monitor.core.findings import Finding
from monitor.core.profile import Bins, Profiles
from monitor.core.spec import FeatureType, ModelSpec, Task
from monitor.core.windows import Sample, Window
from monitor.detectors import DETECTORS
from monitor.engine.check import Checker, Sources
from monitor.engine.infer import infer
from monitor.store.columns import Typed, typed
from monitor.store.guessing import guess
from monitor.store.tally import Column, finite, numbers, profile_of

START = datetime(2026, 3, 2, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_BINNED = (FeatureType.NUMBER, FeatureType.TIMESTAMP)
_NUMERIC = (*_BINNED, FeatureType.BOOLEAN)
_SAMPLED = 10_000
_CITIES = ("Amsterdam", "Berlin", "Madrid", "Oslo", "Paris", "Rome", "Vienna", "Warsaw")
_CITY_SHARES = (0.2, 0.25, 0.15, 0.05, 0.2, 0.1, 0.047, 0.003)

Values = list[Any]


@dataclass(frozen=True)
class Feed:
    """Rows of an hour, as sent, column by column."""

    features: Mapping[str, Values]
    timestamps: np.ndarray
    ids: Sequence[str]
    window: Window = field(default_factory=lambda: Window(START, START + _HOUR))

    @property
    def rows(self) -> int:
        return len(self.ids)

    def with_features(self, **changed: Values) -> "Feed":
        """The feed with some columns replaced."""
        return replace(self, features={**self.features, **changed})

    def renamed(self, names: Mapping[str, str]) -> "Feed":
        """The feed with other names for its columns."""
        return replace(self, features={names.get(n, n): v for n, v in self.features.items()})


def clean(rng: np.random.Generator, rows: int, hour: int = 1) -> Feed:
    """Rows as they ought to be: skewed, correlated, with holes, rare categories and many zeros."""
    window = Window(START + hour * _HOUR, START + (hour + 1) * _HOUR)
    first = int(window.start.timestamp() * 1e6)
    timestamps = np.sort(first + rng.integers(0, 3_600_000_000, rows))
    height = rng.normal(172, 9, rows)
    gain = np.where(rng.random(rows) < 0.92, 0.0, rng.lognormal(8, 1, rows)).round(2)
    balance: Values = rng.normal(500, 800, rows).round(2).tolist()
    for row in np.flatnonzero(rng.random(rows) < 0.05):
        balance[row] = None
    days = rng.uniform(0, 900, rows)
    signup = [
        (window.start - timedelta(days=float(d))).isoformat(timespec="milliseconds") for d in days
    ]
    features: dict[str, Values] = {
        "age": np.clip(rng.gamma(9, 5, rows).round(), 18, 95).astype(int).tolist(),
        "income": rng.lognormal(10.3, 0.6, rows).round(2).tolist(),
        "balance": balance,
        "temperature": rng.normal(21, 6, rows).round(1).tolist(),
        "rate": rng.beta(2, 8, rows).round(4).tolist(),
        "height": height.round(1).tolist(),
        "weight": (0.9 * (height - 172) + rng.normal(75, 9, rows)).round(1).tolist(),
        "visits": rng.poisson(3, rows).tolist(),
        "gain": gain.tolist(),
        "gender": rng.choice(["Female", "Male"], rows).tolist(),
        "city": rng.choice(_CITIES, rows, p=_CITY_SHARES).tolist(),
        "product": rng.choice(["loan", "card", "savings"], rows, p=[0.5, 0.3, 0.2]).tolist(),
        "payment": rng.choice(["cash", "cheque", "transfer"], rows, p=[0.2, 0.1, 0.7]).tolist(),
        "active": (rng.random(rows) < 0.7).tolist(),
        "signup": signup,
        "email": [f"user{n}@example.org" for n in rng.integers(0, 10**9, rows)],
    }
    return Feed(features, timestamps, [f"h{hour}-{i}" for i in range(rows)], window)


class Watch:
    """The detectors over one reference: what `Checker` says of a feed, without store or service."""

    def __init__(self, reference: Feed, task: Task = Task.BINARY) -> None:
        self.types = {n: guess(v) or FeatureType.NUMBER for n, v in reference.features.items()}
        self._bins: dict[str, Bins] = {}
        self._read: dict[tuple[str, FeatureType, int], tuple[Values, Typed, np.ndarray]] = {}
        self.spec = ModelSpec(task)
        known = self.types
        self.spec = infer(self.spec, self._profiles(reference), known, Sample(0))
        self.types = {n: self.spec.features[n].type or t for n, t in known.items()}
        self._reference = self._profiles(reference)  # bounds are known now
        self._sample = self._sampled(reference)
        self._current = Sample(0)
        self._checker = Checker(DETECTORS, None, lambda *_, **__: None)

    def findings(self, feed: Feed) -> list[Finding]:
        """Every finding of one window."""
        self._current = self._sampled(feed)
        profiles = self._profiles(feed)
        sources = Sources("loans", self, self)
        found = self._checker.check(self.spec, sources, feed.window, {"1": profiles})
        assert not sources.failed, sources.failed
        return found

    def alerts(self, feed: Feed) -> list[Finding]:
        """Those of them that are alerts."""
        return [f for f in self.findings(feed) if f.alert]

    # ReferenceBook and the `sample` of PredictionLog.

    def reference(self, model: str, version: str) -> Profiles:
        return self._reference

    def reference_sample(self, *_: object, **__: object) -> Sample:
        return self._sample

    def sample(self, *_: object, **__: object) -> Sample:
        return self._current

    def _typed(self, name: str, values: Values) -> tuple[FeatureType, pa.Array, np.ndarray]:
        kind = self.types.get(name) or guess(values) or FeatureType.NUMBER
        key = name, kind, id(values)
        if key not in self._read:
            fitted = typed([None if v is ABSENT else v for v in values], kind)
            misfits = np.array([row for row, _ in fitted.misfits], np.int64)
            self._read = {**dict(list(self._read.items())[-40:]), key: (values, fitted, misfits)}
        _, fitted, misfits = self._read[key]
        return kind, fitted.values, misfits

    def _profiles(self, feed: Feed) -> Profiles:
        made = {}
        for name, values in feed.features.items():
            kind, array, misfits = self._typed(name, values)
            absent = np.array([i for i, v in enumerate(values) if v is ABSENT], np.int64)
            if kind in _BINNED and name not in self._bins:
                self._bins[name] = Bins.of(finite(array))
            said = self.spec.features.get(name)
            low, high = (said.min, said.max) if said else (None, None)
            bins = self._bins[name] if kind in _BINNED else None
            made[name] = profile_of(Column(kind, array, absent, misfits, bins, low, high))
        gone = self.types.keys() - made.keys()
        empty = {
            name: profile_of(
                Column(
                    self.types[name],
                    pa.nulls(feed.rows, pa.float64()),
                    np.arange(feed.rows),
                    bins=self._bins.get(name),
                )
            )
            for name in gone
            if self.types[name] in _BINNED
        }
        return Profiles(feed.rows, made | empty)

    def _sampled(self, feed: Feed) -> Sample:
        """All rows, or as many as a detector gets, oldest first."""
        chosen = np.sort(
            np.random.default_rng(0).permutation(feed.rows)[: min(feed.rows, _SAMPLED)]
        )
        kinds: dict[str, Any] = {}
        for name, values in feed.features.items():
            kind, array, _ = self._typed(name, values)
            kinds[name] = kind, array.take(pa.array(chosen))
        return Sample(
            feed.rows,
            [feed.ids[i] for i in chosen],
            feed.timestamps[chosen],
            {n: numbers(a) for n, (k, a) in kinds.items() if k in _NUMERIC},
            {
                n: np.array(a.to_pylist(), object)
                for n, (k, a) in kinds.items()
                if k is FeatureType.CATEGORY
            },
        )


class _Absent:
    """A value that was not sent at all."""


ABSENT = _Absent()
