"""A changed distribution of what the model answers."""

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import ClassVar

from monitor.core.detector import ProfileDetector
from monitor.core.findings import Measurement
from monitor.core.profile import Profile, Profiles
from monitor.core.spec import ModelSpec
from monitor.core.windows import Window
from monitor.detectors.drift.effects import Effect, effect
from monitor.detectors.drift.explaining import explained
from monitor.detectors.drift.univariate import measured


@dataclass(frozen=True, slots=True)
class Prediction(ProfileDetector):
    """Distance of the distributions of predictions and of scores from the reference's.

    Predictions by `jensen_shannon`, scores by `kolmogorov_smirnov`; the evidence says `of` which.

    Value    0 to 1; 0 is the same distribution; worse above. `low` is free of noise.
    Needs    the window's `min_rows` values and 30 in the reference.
    Noise    the p-value says how often rows that do not depend on each other do that unchanged.
    Source   `distances.py`.
    """

    name: ClassVar[str] = "drift.prediction"

    def measure(
        self, spec: ModelSpec, window: Window, reference: Profiles, current: Profiles
    ) -> Iterable[Measurement]:
        """At most one measurement of the prediction and one of the score."""
        sides: tuple[tuple[str, str, Profile | None, Profile | None], ...] = (
            ("prediction", "jensen_shannon", reference.prediction, current.prediction),
            ("score", "kolmogorov_smirnov", reference.score, current.score),
        )
        for of, method, before, now in sides:
            if before is None or now is None:
                continue
            found = effect(method, before, now, spec.window.min_rows)
            if isinstance(found, Effect):
                why = explained(found, reference, current, attrgetter(of))
                yield measured(found, None, of=of, **why)
