"""History as a backtest reads it: with faults in it, and the bounds of another spec counted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from monitor.core.profile import Profile, Profiles
from monitor.core.spec import FeatureSpec, ModelSpec
from monitor.core.windows import Numbers, Sample, Window
from monitor.engine.check import LABELLED_ROWS, SAMPLE_ROWS, ReferenceSource, RowSource
from monitor.engine.faults import Spoiler

MOST_ROWS = 1_000_000
"""Rows of a window into which faults can be put: all of them are read."""


def rebounded(before: ModelSpec, after: ModelSpec) -> Mapping[str, FeatureSpec]:
    """The features whose bounds another spec has changed, as that one says."""
    return {
        name: said
        for name, said in after.features.items()
        if (held := before.features.get(name)) is not None
        and (held.min, held.max) != (said.min, said.max)
    }


@dataclass(frozen=True, slots=True)
class BoundReferences:
    """References with the values outside other bounds counted, from a sample of them."""

    source: ReferenceSource
    bounds: Mapping[str, FeatureSpec]

    def reference(self, model: str, version: str) -> Profiles:
        """Profiles of the version's reference, else the model's."""
        found = self.source.reference(model, version)
        if not self.bounds:
            return found
        sample = self.source.reference_sample(model, version, LABELLED_ROWS)
        return bounded(found, sample, self.bounds)

    def reference_sample(
        self, model: str, version: str, limit: int, *, labelled: bool = False
    ) -> Sample:
        """At most `limit` rows of the version's reference, else the model's."""
        return self.source.reference_sample(model, version, limit, labelled=labelled)


@dataclass(frozen=True, slots=True)
class SpoiltRows:
    """Rows with faults in them; the labelled ones read last are kept, for they are read twice."""

    source: RowSource
    spoiler: Spoiler
    _last: dict[tuple[str, Window], Sample] = field(default_factory=dict)

    def sample(
        self, model: str, version: str, window: Window, limit: int, *, labelled: bool = False
    ) -> Sample:
        """At most `limit` rows of the window; `labelled` takes only those with an actual."""
        key = (version, window)
        if not labelled:
            return self._read(model, version, window, limit)
        if key not in self._last:
            self._last.clear()
            self._last[key] = self._read(model, version, window, limit, labelled=True)
        return self._last[key]

    def profiles(
        self,
        model: str,
        window: Window,
        version: str,
        found: Profiles,
        bounds: Mapping[str, FeatureSpec],
    ) -> Profiles:
        """Stored profiles of a window, with its faults in them and other bounds counted.

        Raises SpecError where a window has too many rows for a fault.
        """
        if bounds:
            found = bounded(found, self.source.sample(model, version, window, SAMPLE_ROWS), bounds)
        read: list[Sample] = []

        def rows() -> Sample:
            if not read:
                read.append(self.source.sample(model, version, window, MOST_ROWS))
            return read[0]

        return self.spoiler.profiles(found, version, window, rows)

    def _read(
        self, model: str, version: str, window: Window, limit: int, *, labelled: bool = False
    ) -> Sample:
        sample = self.source.sample(model, version, window, limit, labelled=labelled)
        return self.spoiler.sample(sample, version, window)


def bounded(found: Profiles, sample: Sample, bounds: Mapping[str, FeatureSpec]) -> Profiles:
    """Profiles with other bounds counted; where the sample is not all rows, by its shares."""
    made = dict(found.features)
    for name, profile in _of(found, bounds):
        if name in sample.numbers:
            made[name] = _bounded(profile, sample.numbers[name], bounds[name])
    return replace(found, features=made)


def _of(found: Profiles, bounds: Mapping[str, FeatureSpec]) -> Iterator[tuple[str, Profile]]:
    return ((name, found.features[name]) for name in bounds if name in found.features)


def _bounded(profile: Profile, values: Numbers, said: FeatureSpec) -> Profile:
    held = values[np.isfinite(values)]
    rate = profile.finite / len(held) if len(held) else 0.0
    low = 0 if said.min is None else int((held < said.min).sum())
    high = 0 if said.max is None else int((held > said.max).sum())
    return replace(profile, below=round(low * rate), above=round(high * rate))
