"""A window whose answers are worse than its features explain: they relate otherwise to the actual.

The stream of losses is watched too, see `streaming/`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from monitor.core.detector import LabelledDetector
from monitor.core.findings import Measurement
from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Sample
from monitor.detectors.estimation.classes import bounded
from monitor.detectors.estimation.concept import gaps
from monitor.detectors.estimation.fitted import Fitted
from monitor.detectors.estimation.refusal import Refusal
from monitor.detectors.performance.estimates import Estimate
from monitor.detectors.performance.kpis import KPIS
from monitor.detectors.performance.realized import estimates

WATCHED: Mapping[Task, Sequence[str]] = {
    Task.BINARY: ("accuracy", "roc_auc", "brier"),
    Task.MULTICLASS: ("accuracy", "roc_auc_ovr"),
    Task.REGRESSION: ("mae",),
}
"""KPIs that a changed concept moves: one of ranks, one of choices, one of probabilities."""
_DIGITS = 9
"""Digits told: the order of rows moves the last bits of a sum."""


@dataclass(frozen=True, slots=True)
class Concept(LabelledDetector):
    """Realized KPIs against what was estimated of the same rows without their actuals.

        value = realized KPI, expected = estimated KPI, p-value of `gap`

    Value    as the KPI says (`kpis.py`), worse on the KPI's side. The interval is that of the
             forecast around the value: where it holds `expected`, features explain the KPI.
    Needs    30 labelled rows, and what the estimators need (`estimation/`). Labels must not come
             sooner for one outcome than for the other: that would look like a changed concept.
    Noise    at a level of .01 about 2 of 100 windows whose features shift, and 5 at the most
             (`benchmarks/estimation`).
    Source   `estimation/concept.py`.
    """

    name: ClassVar[str] = "drift.concept"
    fitted: Fitted = field(default_factory=Fitted, compare=False, repr=False)

    def measure(self, spec: ModelSpec, reference: Sample, current: Sample) -> Iterable[Measurement]:
        """One measurement for each KPI that is watched."""
        if not current.rows or not reference.rows:
            return
        current = bounded(current)
        realized = estimates(spec, current)
        estimator = self.fitted.estimator(spec, reference) if realized else Refusal("no labels")
        found = estimator if isinstance(estimator, Refusal) else estimator.estimate(current)
        if isinstance(found, Refusal):
            return
        worse = {name: KPIS[spec.task][name].worse for name in WATCHED[spec.task]}
        for name, gap in gaps(realized, found.kpis, worse).items():
            expected = found.kpis[name].value
            yield Measurement(
                name,
                realized[name].value,
                worse=worse[name],
                expected=expected,
                p_value=gap.p_value,
                low=expected + gap.low,
                high=expected + gap.high,
                evidence={
                    "of": name,
                    "realized": _told(realized[name]),
                    "estimated": _told(found.kpis[name]),
                },
            )


def _told(estimate: Estimate) -> Mapping[str, float]:
    parts = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
    return {name: round(value, _DIGITS) for name, value in parts.items()}
