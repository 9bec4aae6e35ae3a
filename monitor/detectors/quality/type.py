"""Values that do not fit the type of their feature."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from monitor.core.detector import ProfileDetector
from monitor.core.findings import Measurement
from monitor.core.profile import Profiles
from monitor.core.spec import ModelSpec
from monitor.core.windows import Window
from monitor.detectors.quality.features import EMPTY
from monitor.detectors.shares import excess


@dataclass(frozen=True, slots=True)
class Type(ProfileDetector):
    """Share of rows whose value does not fit the type of the feature.

        value = misfits / rows

    Value    share, 0 to 1; worse above. Text that reads as a number is a misfit too.
    Needs    at least one row with the feature.
    Noise    none where every value of the reference fits: a misfit breaks the rule, and there is
             no p-value. Where some do not, the p-value is `excess`.
    Source   definition.
    """

    name: ClassVar[str] = "quality.type"

    def measure(
        self, spec: ModelSpec, window: Window, reference: Profiles, current: Profiles
    ) -> Iterable[Measurement]:
        """One measurement for each feature that came."""
        for feature, profile in current.features.items():
            if profile.rows - profile.absent:
                known = reference.features.get(feature, EMPTY)
                yield Measurement(
                    "share",
                    profile.misfits / profile.rows,
                    feature,
                    expected=known.misfits / known.rows if known.rows else None,
                    p_value=excess(profile.misfits, profile.rows, known.misfits, known.rows)
                    if known.misfits
                    else None,
                )
