"""How good the answers were, measured on the actuals that came."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import isfinite
from typing import ClassVar

from monitor.core.detector import LabelledDetector
from monitor.core.findings import Measurement
from monitor.core.spec import ModelSpec
from monitor.core.windows import Sample
from monitor.detectors.performance.estimates import Estimate, measured_kpi
from monitor.detectors.performance.kpis import KPIS
from monitor.detectors.performance.segments import by_segment

_REFERENCES = 16
FEWEST = 30
"""Labelled rows below which a KPI says nothing."""


def estimates(spec: ModelSpec, sample: Sample) -> Mapping[str, Estimate]:
    """Every KPI of the task that the labelled rows allow."""
    if sample.rows < FEWEST:
        return {}
    found = {name: kpi.estimate(spec, sample) for name, kpi in KPIS[spec.task].items()}
    return {
        name: e
        for name, e in found.items()
        if e is not None and all(map(isfinite, (e.value, e.low, e.high, e.error)))
    }


def evaluate(spec: ModelSpec, sample: Sample) -> dict[str, tuple[float, float, float]]:
    """Value, low and high end of the 95 % interval of every KPI that the labelled rows allow."""
    return {name: (e.value, e.low, e.high) for name, e in estimates(spec, sample).items()}


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """A spec and a sample, the same only as themselves: samples are large and never change."""

    spec: ModelSpec
    sample: Sample

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Known) and (
            self.spec is other.spec and self.sample is other.sample
        )

    def __hash__(self) -> int:
        return hash((id(self.spec), id(self.sample)))


def _of_known(known: _Known) -> Mapping[str, Estimate]:
    return estimates(known.spec, known.sample)


@dataclass(frozen=True, slots=True)
class RealizedPerformance(LabelledDetector):
    """Each KPI of the task on the labelled rows, and on those of the reference.

    Value    as the KPI says (`kpis.py`), with its 95 % interval; worse on the KPI's side.
    Needs    30 labelled rows, two of each class where classes are ranked; for an expectation as
             many in the reference. Without one the p-value is 1: nobody knows what is normal.
    Noise    the p-value says how often independent rows get so much worse by chance.
    Source   `kpis.py`.

    Of each segment of the spec there are a few KPIs, and the gap to the other rows, see
    `segments.py`.

    The KPIs of a reference are computed once for all windows that are compared with it.
    """

    name: ClassVar[str] = "performance.realized"
    _reference: Callable[[_Known], Mapping[str, Estimate]] = field(
        default_factory=lambda: lru_cache(_REFERENCES)(_of_known), compare=False, repr=False
    )

    def measure(self, spec: ModelSpec, reference: Sample, current: Sample) -> Iterable[Measurement]:
        """One measurement for each KPI that can be computed, then those of segments."""
        found = estimates(spec, current)
        before = self._reference(_Known(spec, reference)) if found else {}
        total = max(1, current.rows, current.total)
        evidence = {"labelled": current.rows, "coverage": current.rows / total}
        for name, now in found.items():
            worse = KPIS[spec.task][name].worse
            yield measured_kpi(name, now, before.get(name), worse, evidence)
        if found and spec.segments:
            yield from by_segment(spec, reference, current)
