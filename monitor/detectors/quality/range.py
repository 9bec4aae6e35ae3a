"""Numbers outside the range that the spec allows."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from monitor.core.detector import ProfileDetector
from monitor.core.findings import Measurement
from monitor.core.profile import Profile, Profiles
from monitor.core.spec import FeatureSpec, ModelSpec
from monitor.core.windows import Window
from monitor.detectors.quality.features import EMPTY
from monitor.detectors.shares import excess

_SCALES = (1000.0, 100.0, 1 / 100, 1 / 1000)
"""Changes of unit that people make: kilo, percent, and back."""
_FAR = 10.0
"""Spans of the reference past which a value is no drift any more."""


@dataclass(frozen=True, slots=True)
class Range(ProfileDetector):
    """Share of finite values outside the spec's minimum and maximum.

        value = (values below + values above) / finite values

    Value    share, 0 to 1; worse above.
    Needs    a bound in the spec, and at least one finite value.
    Noise    none where the reference keeps the bounds: a value outside breaks the rule, and there
             is no p-value. Where the reference does not keep them, the p-value is `excess`.
    Source   definition.
    """

    name: ClassVar[str] = "quality.range"

    def measure(
        self, spec: ModelSpec, window: Window, reference: Profiles, current: Profiles
    ) -> Iterable[Measurement]:
        """One measurement for each feature with a bound."""
        for feature, said in spec.features.items():
            profile = current.features.get(feature, EMPTY)
            if (said.min is None and said.max is None) or not profile.finite:
                continue
            yield _outside(feature, said, reference.features.get(feature, EMPTY), profile)


def _outside(feature: str, said: FeatureSpec, known: Profile, profile: Profile) -> Measurement:
    hits, before = profile.below + profile.above, known.below + known.above
    evidence: dict[str, object] = {
        "below": profile.below,
        "above": profile.above,
        "minimum": profile.minimum,
        "maximum": profile.maximum,
    }
    scale = unit_change(said, known, profile) if hits else None
    if scale is not None:
        evidence["scale"] = scale
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


def unit_change(said: FeatureSpec, known: Profile, profile: Profile) -> float | None:
    """The factor by which all values seem to be multiplied; None where there is no such sign.

    At least half of the values are outside, and divided by the factor the mean is the
    reference's to within half of its standard deviation, this is at most halved or doubled, and
    all values keep the bounds.
    """
    if 2 * (profile.below + profile.above) < profile.finite or not known.deviation > 0:
        return None
    for scale in _SCALES:
        low, high = profile.minimum / scale, profile.maximum / scale
        inside = (said.min is None or low >= said.min) and (said.max is None or high <= said.max)
        near = abs(profile.mean / scale - known.mean) <= known.deviation / 2
        if inside and near and 0.5 <= profile.deviation / scale / known.deviation <= 2:
            return scale
    return None


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
