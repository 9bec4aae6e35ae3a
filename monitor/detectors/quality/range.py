"""Numbers outside the range that the spec allows."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from monitor.core.detector import ProfileDetector
from monitor.core.findings import Measurement
from monitor.core.profile import Profile, Profiles
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec
from monitor.core.windows import Window
from monitor.detectors.quality.features import EMPTY
from monitor.detectors.quality.fitting import Unit, moved, unit_change
from monitor.detectors.shares import excess

_FAR = 10.0
"""Spans of the reference past which a value is no drift any more."""


@dataclass(frozen=True, slots=True)
class Range(ProfileDetector):
    """Share of finite values outside the spec's minimum and maximum, and changes of unit.

        share = (values below + values above) / finite values
        unit = largest gap between the distributions before and now, where a unit explains it

    Value    0 to 1; worse above. `unit` is measured only where a change of unit fits.
    Needs    share: a bound in the spec, and one finite value. unit: 20 values on each side.
    Noise    share: none where the reference keeps the bounds: a value outside breaks the rule, and
             there is no p-value. Else the p-value is `excess`. unit: that of Kolmogorov's test.
    Source   definition; `fitting.py` for units.
    """

    name: ClassVar[str] = "quality.range"

    def measure(
        self, spec: ModelSpec, window: Window, reference: Profiles, current: Profiles
    ) -> Iterable[Measurement]:
        """One measurement for each feature with a bound, and for each that changed its unit."""
        for feature, profile in current.features.items():
            said = spec.features.get(feature, FeatureSpec())
            known = reference.features.get(feature, EMPTY)
            unit = None
            if profile.type is known.type is FeatureType.NUMBER:
                unit = unit_change(known, profile)
            if unit is not None:
                yield _unit(feature, unit, known, profile)
            if (said.min is not None or said.max is not None) and profile.finite:
                yield _outside(feature, said, known, profile, unit)


def _unit(feature: str, unit: Unit, known: Profile, profile: Profile) -> Measurement:
    gap, p_value = moved(known, profile)
    return Measurement(
        "unit",
        gap,
        feature,
        p_value=p_value,
        evidence={"unit": unit.name, "scale": unit.scale, "shift": unit.shift},
    )


def _outside(
    feature: str, said: FeatureSpec, known: Profile, profile: Profile, unit: Unit | None
) -> Measurement:
    hits, before = profile.below + profile.above, known.below + known.above
    evidence: dict[str, object] = {
        "below": profile.below,
        "above": profile.above,
        "minimum": profile.minimum,
        "maximum": profile.maximum,
    }
    if hits and unit is not None:
        evidence["scale"] = unit.scale
    lost = far(said, known, profile) if hits else 0.0
    if lost > 0:
        evidence["far"] = lost
    return Measurement(
        "share",
        hits / profile.finite,
        feature,
        expected=before / known.finite if known.finite else None,
        p_value=excess(hits, profile.finite, before, known.finite) if before else None,
        evidence=evidence,
    )


def far(said: FeatureSpec, known: Profile, profile: Profile) -> float:
    """At least this share of values lies outside the bounds and over 10 spans past the reference.

    A span is the reference's maximum less its minimum. Single values are not known, so this is
    what their squares S around the middle of the reference leave no other way out for: of the n
    values k are outside, one inside is at most `i` away, a near one `f` and a far one `d`:

        S <= (n - k) i^2 + (k - x) f^2 + x d^2,  solved for x

    0 where the reference has no span, or squares are too large to compute with.
    """
    span, n, outside = known.maximum - known.minimum, profile.finite, profile.below + profile.above
    if not (isfinite(span) and span > 0):
        return 0.0
    middle, reach = (known.maximum + known.minimum) / 2, (_FAR + 0.5) * span
    low, high = profile.minimum - middle, profile.maximum - middle
    inner_low = low if said.min is None else max(low, said.min - middle)
    inner_high = high if said.max is None else min(high, said.max - middle)
    most, inside = max(abs(low), abs(high)), max(abs(inner_low), abs(inner_high))
    if most <= reach:
        return 0.0
    squares = profile.squares - 2 * middle * profile.total + n * middle * middle
    rest = squares - (n - outside) * inside * inside - outside * reach * reach
    beyond = most * most - reach * reach
    if not (isfinite(rest) and isfinite(beyond)):
        return 0.0
    return float(min(outside, max(0.0, rest / beyond))) / n
