"""A changed distribution of a single feature."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from monitor.core.detector import ProfileDetector
from monitor.core.findings import Measurement
from monitor.core.profile import Profile, Profiles
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec
from monitor.core.windows import Window
from monitor.detectors.drift.effects import Effect, NotCompared, effect
from monitor.detectors.drift.explaining import explained

_CONTENT = frozenset({FeatureType.TEXT, FeatureType.EMBEDDING})
_SHOWN = 20
SEGMENT_ROWS = 50
"""Rows of a segment below which it is not compared."""


def measured(found: Effect, feature: str | None = None, **evidence: object) -> Measurement:
    """The measurement of a change."""
    return Measurement(
        found.method,
        found.value,
        feature,
        p_value=found.p_value,
        low=found.low,
        high=found.high,
        evidence={**evidence, **found.evidence},
    )


@dataclass(frozen=True, slots=True)
class Univariate(ProfileDetector):
    """Distance of each feature's distribution from the reference's.

    By the spec's method for the feature, else `jensen_shannon`. Time goes on, so a timestamp is
    compared only where the spec names a method for it.

    Value    as the method says (`distances.py`); 0 is the same distribution; worse above. `low`
             is what is left of it once noise is taken away.
    Needs    the window's `min_rows` values and 30 in the reference, missing and NaN left out. For
             features with fewer, `not_compared` counts them and says why. 50 values in a segment.
    Noise    the p-value says how often rows that do not depend on each other do that unchanged.
    Source   `distances.py`.
    """

    name: ClassVar[str] = "drift.univariate"

    def measure(
        self, spec: ModelSpec, window: Window, reference: Profiles, current: Profiles
    ) -> Iterable[Measurement]:
        """One measurement for each feature that both sides have enough values of.

        And one for each in every segment of the reference.
        """
        few: list[dict[str, object]] = []
        for feature, found in compared(spec, reference, current):
            if isinstance(found, Effect):
                why = explained(found, reference, current, _Pick(feature))
                yield measured(found, feature, **why)
            elif found.few:
                few.append({"feature": feature, "reason": found.reason})
        for segment, part in sorted(current.segments.items()):
            if segment in reference.segments:
                yield from _of_segment(spec, segment, reference.segments[segment], part)
        if few and current.rows:
            yield Measurement("not_compared", len(few), evidence={"features": few[:_SHOWN]})


@dataclass(frozen=True, slots=True)
class _Pick:
    """The profile of a feature."""

    feature: str

    def __call__(self, profiles: Profiles) -> Profile | None:
        return profiles.features.get(self.feature)


def _of_segment(
    spec: ModelSpec, segment: str, before: Profiles, now: Profiles
) -> Iterable[Measurement]:
    """A segment has fewer rows than a window: what they can tell, the p-value and `low` say."""
    fewest = min(spec.window.min_rows, SEGMENT_ROWS)
    said = replace(spec, window=replace(spec.window, min_rows=fewest))
    for feature, found in compared(said, before, now):
        if isinstance(found, Effect) and not _is_its_own(before, now, feature):
            yield replace(measured(found, feature), segment=segment)


def _is_its_own(before: Profiles, now: Profiles, feature: str) -> bool:
    """Whether all rows share one category: it is what makes them a segment."""
    sides = [set(p.features[feature].categories) for p in (before, now)]
    return len(sides[0] | sides[1]) == 1


def compared(
    spec: ModelSpec, reference: Profiles, current: Profiles
) -> Iterator[tuple[str, Effect | NotCompared]]:
    """What is known about each feature of either side, also where nothing can be said.

    A feature that nobody has seen in one of the sides is not compared; `quality.schema` and
    `quality.missing` say that it is gone.
    """
    for feature in [
        *current.features,
        *sorted(reference.features.keys() - current.features.keys()),
    ]:
        said = spec.features.get(feature, FeatureSpec())
        before, now = reference.features.get(feature), current.features.get(feature)
        if before is None:
            yield feature, NotCompared("the reference does not have it")
        elif now is None:
            yield feature, NotCompared("the window does not have it")
        elif said.type in _CONTENT:
            yield feature, NotCompared("its rows are compared, not its profiles")
        elif now.type is FeatureType.TIMESTAMP and said.method is None:
            yield feature, NotCompared("time goes on, and the spec names no method for it")
        else:
            yield feature, effect(said.method, before, now, spec.window.min_rows)
