"""Values that are missing, or that nobody can compute with."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from monitor.core.detector import ProfileDetector
from monitor.core.findings import Measurement
from monitor.core.profile import Profiles
from monitor.core.spec import ModelSpec
from monitor.core.windows import Window
from monitor.detectors.quality.features import EMPTY, expected, missing
from monitor.detectors.shares import excess


@dataclass(frozen=True, slots=True)
class Missing(ProfileDetector):
    """Share of rows in which a feature is missing, or is NaN or infinite.

        share = null or absent rows / rows        nonfinite = NaN or infinite rows / rows

    Value    share, 0 to 1; worse above. A feature that vanished has share 1.
    Needs    at least one row in the window.
    Noise    a share s that does not change varies by sqrt(s (1 - s) / rows); the p-value is
             `excess`. NaN where the reference has none breaks a rule and has no p-value. Without a
             reference nobody knows what share is normal: the p-value is 1.
    Source   definition.
    """

    name: ClassVar[str] = "quality.missing"

    def measure(
        self, spec: ModelSpec, window: Window, reference: Profiles, current: Profiles
    ) -> Iterable[Measurement]:
        """One measurement for each feature and method."""
        if not current.rows:
            return
        for feature in expected(spec, reference):
            yield _share(feature, reference, current)
            yield _nonfinite(feature, reference, current)


def _share(feature: str, reference: Profiles, current: Profiles) -> Measurement:
    hits, rows = missing(current, feature), current.rows
    if not reference.rows:
        return Measurement("share", hits / rows, feature, p_value=1.0 if hits else None)
    known = missing(reference, feature)
    p_value = excess(hits, rows, known, reference.rows) if hits or known else None
    return Measurement(
        "share", hits / rows, feature, expected=known / reference.rows, p_value=p_value
    )


def _nonfinite(feature: str, reference: Profiles, current: Profiles) -> Measurement:
    hits = current.features.get(feature, EMPTY).nonfinite
    known = reference.features.get(feature, EMPTY).nonfinite
    p_value = excess(hits, current.rows, known, reference.rows) if known else None
    return Measurement(
        "nonfinite",
        hits / current.rows,
        feature,
        expected=known / reference.rows if reference.rows else None,
        p_value=p_value,
    )
