"""Rows that come late, and moments older or newer than such a feature's moments are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.stats import t as student

from monitor.core.detector import SampleDetector, TrafficDetector
from monitor.core.findings import Measurement
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec
from monitor.core.windows import Numbers, Sample, Traffic

FEWEST = 20
_DAY = 86_400.0
_SHOWN = 20
_WINDOWS, _NEWEST = 20, 500
"""Windows with rows from which anything can be said, and how many of them are looked at."""
_LEAST = 0.1
"""Deviation that logarithms of lags have at least: 10 % is never news."""
_INSTANT = 0.01
"""Part of a window that is added to each lag, so that none counts as no time at all."""


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


@dataclass(frozen=True, slots=True)
class Lateness(TrafficDetector):
    """Mean time from a row's own time to its arrival, in lengths of the window.

        value = mean of (arrival - timestamp) / length of the window

    Value    windows, 0 and up where clocks agree; expected is the median of those before.
    Needs    20 windows before that have rows.
    Noise    the p-value is Student's for one more value, of logarithms; their deviation is
             robust, so that earlier trouble does not hide this one.
    Source   Student, Biometrika 6 (1908) 1; F. R. Hampel, J. Am. Statist. Assoc. 69 (1974) 383.
    """

    name: ClassVar[str] = "quality.freshness"

    def measure(
        self, spec: ModelSpec, history: Sequence[Traffic], current: Traffic
    ) -> Iterable[Measurement]:
        """At most one measurement."""
        length = (current.window.end - current.window.start).total_seconds()
        known = np.array([t.lag for t in history if t.rows and np.isfinite(t.lag)]) / length
        if len(known) < _WINDOWS or not current.rows or not np.isfinite(current.lag):
            return
        known = np.maximum(0.0, known[-_NEWEST:])
        value = max(0.0, current.lag / length)
        logs = np.log(known + _INSTANT)
        middle = float(np.median(logs))
        width = max(_LEAST, 1.4826 * float(np.median(np.abs(logs - middle))))
        off = (float(np.log(value + _INSTANT)) - middle) / (width * np.sqrt(1 + 1 / len(logs)))
        yield Measurement(
            "lag",
            value,
            expected=float(np.median(known)),
            p_value=float(student.sf(off, len(logs) - 1)),
            evidence={"seconds": current.lag},
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
