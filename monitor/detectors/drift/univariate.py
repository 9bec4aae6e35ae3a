"""A changed distribution of a single feature."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from monitor.core.detector import ProfileDetector
from monitor.core.findings import Measurement
from monitor.core.profile import Profiles
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec
from monitor.core.windows import Window
from monitor.detectors.drift.effects import Effect, effect


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
    Needs    the window's `min_rows` values and 30 in the reference, missing and NaN left out.
    Noise    the p-value says how often rows that do not depend on each other do that unchanged.
    Source   `distances.py`.
    """

    name: ClassVar[str] = "drift.univariate"

    def measure(
        self, spec: ModelSpec, window: Window, reference: Profiles, current: Profiles
    ) -> Iterable[Measurement]:
        """One measurement for each feature that both sides have."""
        for feature, now in current.features.items():
            said = spec.features.get(feature, FeatureSpec())
            before = reference.features.get(feature)
            if before is None or now.finite < max(1, spec.window.min_rows):
                continue
            if now.type is FeatureType.TIMESTAMP and said.method is None:
                continue
            found = effect(said.method, before, now)
            if found is not None:
                yield measured(found, feature)
