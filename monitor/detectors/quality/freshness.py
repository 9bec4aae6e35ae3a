"""Moments that are older or newer than such a feature's moments are."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from monitor.core.detector import SampleDetector
from monitor.core.findings import Measurement
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec
from monitor.core.windows import Numbers, Sample

FEWEST = 20
_DAY = 86_400.0
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Freshness(SampleDetector):
    """Share of a timestamp's values that lie too far after, or before, the time of their row.

        future = values that lie too late / values        stale = values that lie too early / values

    Too far is a whole span of the reference past its ends, in seconds from the row's own time; at
    least a day. What never lay in the future there may not be over a day in it.

    Value    share, 0 to 1; worse above.
    Needs    20 values in the reference, one now.
    Noise    none: a value out there breaks the rule, and there is no p-value.
    Source   definition.
    """

    name: ClassVar[str] = "quality.freshness"

    def measure(self, spec: ModelSpec, reference: Sample, current: Sample) -> Iterable[Measurement]:
        """One measurement a method for each feature of type timestamp."""
        for name in current.numbers:
            said = spec.features.get(name, FeatureSpec())
            if said.type is not FeatureType.TIMESTAMP or name not in reference.numbers:
                continue
            known, now = _ahead(reference, name), _ahead(current, name)
            known, given = known[np.isfinite(known)], np.isfinite(now)
            if len(known) < FEWEST or not given.any():
                continue
            low, high = _allowed(known)
            values = current.numbers[name]
            for method, wrong in (("future", now > high), ("stale", now < low)):
                yield Measurement(
                    method,
                    float(wrong.sum() / given.sum()),
                    name,
                    expected=0.0,
                    evidence={"examples": _shown(current, values, np.flatnonzero(wrong))},
                )


def _ahead(sample: Sample, feature: str) -> Numbers:
    """Seconds by which each value lies after the time of its row."""
    return np.asarray(sample.numbers[feature] - sample.timestamps / 1e6)


def _allowed(known: Numbers) -> tuple[float, float]:
    least, most = float(known.min()), float(known.max())
    span = max(_DAY, most - least)
    return least - span, _DAY if most <= _DAY else most + span


def _shown(sample: Sample, values: Numbers, rows: np.ndarray) -> list[dict[str, object]]:
    """Rows with the moment that each has, in seconds since 1970, as rows of time."""
    chosen = sorted(rows.tolist(), key=lambda row: (sample.timestamps[row], row))[:_SHOWN]
    return [
        {"prediction_id": sample.prediction_ids[row], "value": float(values[row])} for row in chosen
    ]
