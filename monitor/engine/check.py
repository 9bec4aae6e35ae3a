"""One window: what each detector measures in it, judged."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import isfinite
from time import perf_counter
from typing import Protocol

from monitor.core.detector import Detector, LabelledDetector, ProfileDetector, SampleDetector
from monitor.core.examples import Examples
from monitor.core.findings import Finding, Measurement
from monitor.core.profile import Profiles
from monitor.core.spec import ModelSpec
from monitor.core.windows import Sample, Window
from monitor.engine.evidence import Cure, Witness
from monitor.engine.moving import MOVING, Moved, Past, moved
from monitor.engine.thresholds import (
    GROWTH,
    LABELLED_SHARE,
    UNLABELLED_SHARE,
    Place,
    judge,
    labelled_looks,
    level,
)
from monitor.engine.weigher import Weigher

SAMPLE_ROWS = 10_000
"""Rows that a detector of samples sees, of the window and of the reference."""
LABELLED_ROWS = 50_000
"""Labelled rows that performance is computed from."""
_log = logging.getLogger(__name__)


class Watch(Protocol):
    """Told of each time a detector looked at a window."""

    def __call__(self, detector: str, seconds: float, *, failed: bool) -> None:
        """It took so long; `failed` says that it raised and its verdict is missing."""


class RowSource(Protocol):
    """Gives rows of a window, as PredictionLog does."""

    def sample(
        self, model: str, version: str, window: Window, limit: int, *, labelled: bool = False
    ) -> Sample:
        """At most `limit` rows of the window; `labelled` takes only those with an actual."""


class ReferenceSource(Protocol):
    """Gives references, as ReferenceBook does."""

    def reference(self, model: str, version: str) -> Profiles:
        """Profiles of the version's reference, else the model's."""

    def reference_sample(
        self, model: str, version: str, limit: int, *, labelled: bool = False
    ) -> Sample:
        """At most `limit` rows of the version's reference, else the model's."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Rows and references of one model, each reference read once.

    `failed` collects which detectors raised: name, version and window.
    """

    model: str
    log: RowSource
    references: ReferenceSource
    failed: set[tuple[str, str, Window]] = field(default_factory=set)
    _profiles: dict[str, Profiles] = field(default_factory=dict)
    _samples: dict[tuple[str, bool], Sample] = field(default_factory=dict)
    _rows: dict[tuple[str, Window, bool], Sample] = field(default_factory=dict)
    past: Past | None = None

    def moved(self, spec: ModelSpec, window: Window) -> Moved | None:
        """What the spec wants a window to be compared with in place of the reference."""
        return None if self.past is None else moved(spec, self.past, self.model, window)

    def reference(self, version: str) -> Profiles:
        """Profiles of the version's reference."""
        if version not in self._profiles:
            self._profiles[version] = self.references.reference(self.model, version)
        return self._profiles[version]

    def reference_sample(self, version: str, *, labelled: bool) -> Sample:
        """Rows of the version's reference."""
        key = (version, labelled)
        if key not in self._samples:
            limit = LABELLED_ROWS if labelled else SAMPLE_ROWS
            self._samples[key] = self.references.reference_sample(
                self.model, version, limit, labelled=labelled
            )
        return self._samples[key]

    def sample(self, version: str, window: Window, *, labelled: bool) -> Sample:
        """Rows of the window; those of the newest are kept, for all detectors that ask."""
        key = (version, window, labelled)
        if key not in self._rows:
            self._rows.clear()
            limit = LABELLED_ROWS if labelled else SAMPLE_ROWS
            self._rows[key] = self.log.sample(self.model, version, window, limit, labelled=labelled)
        return self._rows[key]


@dataclass(frozen=True, slots=True)
class _Measured:
    place: Place
    detector: Detector
    measured: Measurement


@dataclass(frozen=True, slots=True)
class Checker:
    """Lets the detectors measure, and judges.

    A detector that raises is logged, told to `watch`, and leaves no finding: what it would have
    said is unknown, and that is not "no drift". The others go on.
    """

    detectors: Sequence[Detector]
    examples: Examples | None
    watch: Watch
    cure: Cure | None = None
    weigher: Weigher = field(default_factory=Weigher)

    def check(
        self,
        spec: ModelSpec,
        sources: Sources,
        window: Window,
        versions: Mapping[str, Profiles],
    ) -> list[Finding]:
        """What needs no actuals, on a window with each version that has rows in it."""
        found: list[_Measured] = []
        for version, profiles in versions.items():
            place = Place(sources.model, version, window, profiles.rows)
            found += self._unlabelled(spec, sources, place, profiles)
        tests = sum(m.measured.p_value is not None for m in found)
        limit = level(spec, tests, share=UNLABELLED_SHARE)
        return self._judged(spec, found, limit)

    def performance(
        self, spec: ModelSpec, sources: Sources, window: Window, judged: Mapping[str, int]
    ) -> list[Finding]:
        """What needs actuals; each evidence counts the labelled rows.

        `judged` names the versions, each with how many labelled rows its last judgement was made
        from. What has not grown by a quarter since is left as it was judged: looks cost budget.
        """
        found = [
            measured
            for version, rows in judged.items()
            for measured in self._labelled(
                spec, sources, Place(sources.model, version, window, rows)
            )
        ]
        tests = sum(m.measured.p_value is not None for m in found)
        rows = max((m.place.rows for m in found), default=0)
        limit = level(spec, tests, labelled_looks(rows), LABELLED_SHARE)
        return self._judged(spec, found, limit)

    def _unlabelled(
        self, spec: ModelSpec, sources: Sources, place: Place, profiles: Profiles
    ) -> Iterator[_Measured]:
        version, window = place.version, place.window

        instead = sources.moved(spec, window)

        def of_profiles(detector: ProfileDetector) -> Iterable[Measurement]:
            moving = instead is not None and detector.name in MOVING
            before = instead.reference if instead and moving else sources.reference(version)
            rows = partial(sources.reference_sample, version, labelled=False)
            at = sources.model, version, window
            found = self.weigher.measure(detector, spec, at, (before, profiles), rows)
            return map(instead.marked, found) if instead and moving else found

        def of_samples(detector: SampleDetector) -> Iterable[Measurement]:
            reference = sources.reference_sample(version, labelled=detector.labelled_reference)
            return detector.measure(
                spec, reference, sources.sample(version, window, labelled=False)
            )

        for detector in self.detectors:
            match detector:
                case ProfileDetector():
                    found = self._guarded(sources, place, detector, partial(of_profiles, detector))
                case SampleDetector():
                    found = self._guarded(sources, place, detector, partial(of_samples, detector))
                case _:
                    continue
            yield from (_Measured(place, detector, m) for m in found)

    def _labelled(self, spec: ModelSpec, sources: Sources, judged: Place) -> Iterator[_Measured]:
        version, window = judged.version, judged.window
        detectors = [d for d in self.detectors if isinstance(d, LabelledDetector)]
        if not detectors:
            return
        sample = sources.sample(version, window, labelled=True)
        if not sample.rows or sample.rows < GROWTH * judged.rows:
            return
        reference = sources.reference_sample(version, labelled=True)
        place = Place(sources.model, version, window, sample.total)
        for detector in detectors:
            measure = partial(detector.measure, spec, reference, sample)
            for m in self._guarded(sources, place, detector, measure):
                counted = replace(m, evidence={**m.evidence, "labelled": sample.rows})
                yield _Measured(place, detector, counted)

    def _guarded(
        self,
        sources: Sources,
        place: Place,
        detector: Detector,
        measure: Callable[[], Iterable[Measurement]],
    ) -> list[Measurement]:
        found: list[Measurement] = []
        began, failed = perf_counter(), False
        try:
            found.extend(_finite(m) for m in measure())
        except Exception:
            failed = True
            sources.failed.add((detector.name, place.version, place.window))
            _log.exception("detector %s failed; its verdict is missing", detector.name)
        self.watch(detector.name, perf_counter() - began, failed=failed)
        return found

    def _judged(self, spec: ModelSpec, found: Sequence[_Measured], limit: float) -> list[Finding]:
        witness = Witness(self.examples, self.cure)
        return [
            witness.shown(spec, judge(spec, m.place, m.detector.name, m.measured, limit))
            for m in found
        ]


def _finite(measured: Measurement) -> Measurement:
    if not isfinite(measured.value):
        raise ValueError(f"measured {measured.value} of {measured.feature} by {measured.method}")
    return measured
