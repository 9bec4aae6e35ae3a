"""Whether as many actuals are in as should be by now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from monitor.core.arrivals import Delays, LabelCount
from monitor.core.detector import ArrivalDetector
from monitor.core.findings import Measurement, Worse
from monitor.core.spec import ModelSpec
from monitor.detectors.performance.arrival import ArrivalCurve, stopped
from monitor.detectors.shares import wilson

METHOD = "label_coverage"
_DELAYS = 100
"""Actuals that say how long the others will take."""
_ROWS = 30
"""Predictions of a window below which nothing is said of it."""
_DUE = 0.2
"""Share of actuals that should be in before anything is said."""


@dataclass(frozen=True, slots=True)
class LabelCoverage(ArrivalDetector):
    """Share of a window's predictions whose actual is in, against what should be by now.

        expected = mean over the predictions of the arrival curve at their age

    Value    share, 0 to 1, with Wilson's interval; worse below. The evidence says what is `due`,
             with its interval.
    Needs    30 predictions in the window, 100 actuals to learn from, a fifth due.
    Noise    the p-value takes actuals for independent of each other; that they come in batches is
             why only half of what is due makes an alert.
    Source   `arrival.py`.
    """

    name: ClassVar[str] = "quality.freshness"

    def measure(
        self, spec: ModelSpec, delays: Delays, windows: Sequence[LabelCount]
    ) -> Iterator[tuple[LabelCount, Measurement]]:
        """At most one measurement a window and version."""
        if len(delays.came) < _DELAYS:
            return
        curve = ArrivalCurve.of(delays.came, delays.waiting)
        for count in windows:
            due = curve.expected(count.ages.repeat(count.rows_of_age.astype(int)))
            if due is None or due.value < _DUE or count.rows < _ROWS:
                continue
            value = count.labelled / count.rows
            low, high = wilson(value, count.rows)
            yield (
                count,
                Measurement(
                    METHOD,
                    value,
                    worse=Worse.BELOW,
                    expected=due.value,
                    p_value=stopped(count.labelled, count.rows, due),
                    low=low,
                    high=high,
                    evidence={"due": {"value": due.value, "low": due.low, "high": due.high}},
                ),
            )
