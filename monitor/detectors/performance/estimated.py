"""How good the answers will turn out to be, before their actuals come."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from monitor.core.detector import SampleDetector
from monitor.core.findings import Measurement
from monitor.core.spec import ModelSpec
from monitor.core.windows import Sample
from monitor.detectors.estimation.fitted import Fitted
from monitor.detectors.estimation.ranking import ranked
from monitor.detectors.estimation.refusal import Refusal
from monitor.detectors.performance.estimates import measured_kpi
from monitor.detectors.performance.kpis import KPIS

_RANKED = 0.001
"""Where a KPI is this unlikely by accident, features are ranked by what their shift costs."""
REFUSAL = "refusal"
"""The method of what is measured where nothing can be estimated."""


@dataclass(frozen=True, slots=True)
class EstimatedPerformance(SampleDetector):
    """Each KPI of the task that features, scores and predictions let expect.

    Value    as the KPI says (`kpis.py`), with a 95 % interval for what the labels will say; worse
             on the KPI's side. Where the score is uninformative, the density ratio extreme or the
             reference too small, the method is `refusal`, the value 1, and the evidence says why.
             Where a KPI fell the evidence has `causes`: features by what their shift costs.
    Needs    30 rows with a prediction, and what the estimators need (`estimation/`).
    Noise    the interval holds the realized KPI in 90 to 99 of 100 windows whose features alone
             shifted (`benchmarks/estimation`); the p-value is against the reference's KPI.
    Source   as `ClassEstimator` and `NumberEstimator` say.
    """

    name: ClassVar[str] = "performance.estimated"
    labelled_reference: ClassVar[bool] = True
    fitted: Fitted = field(default_factory=Fitted, compare=False, repr=False)

    def measure(self, spec: ModelSpec, reference: Sample, current: Sample) -> Iterable[Measurement]:
        """One measurement for each KPI, or one refusal."""
        if not current.rows or not reference.rows:
            return
        estimator = self.fitted.estimator(spec, reference)
        found = estimator if isinstance(estimator, Refusal) else estimator.estimate(current)
        if isinstance(found, Refusal):
            yield Measurement(REFUSAL, 1.0, p_value=1.0, evidence={"reason": found.reason})
            return
        usual = self.fitted.usual(spec, reference)
        evidence: dict[str, object] = {"rows": found.rows, "kept": round(found.kept, 6)}
        measured = [
            measured_kpi(name, now, usual.get(name), KPIS[spec.task][name].worse, evidence)
            for name, now in found.kpis.items()
        ]
        if any(m.p_value is not None and m.p_value < _RANKED for m in measured):
            assert not isinstance(estimator, Refusal)
            evidence["causes"] = ranked(estimator, reference, current)
        yield from measured


Interval = tuple[float, float, float]


def estimate(
    fitted: Fitted, spec: ModelSpec, reference: Sample, window: Sample
) -> tuple[Mapping[str, Interval], str | None]:
    """Value, low and high end of each KPI of a window, and why there are none."""
    estimator = fitted.estimator(spec, reference)
    found = estimator if isinstance(estimator, Refusal) else estimator.estimate(window)
    if isinstance(found, Refusal):
        return {}, found.reason
    return {name: (e.value, e.low, e.high) for name, e in found.kpis.items()}, None
