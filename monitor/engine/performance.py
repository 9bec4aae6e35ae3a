"""The KPIs of each window, computed when asked."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from monitor.core.ports import FindingQuery, Json
from monitor.core.profile import Profiles
from monitor.core.spec import ModelSpec
from monitor.core.windows import Sample, Window
from monitor.engine.check import Sources
from monitor.engine.ports import Ports

_ALL = 1_000_000_000
"""A limit that no query reaches."""

Evaluate = Callable[[ModelSpec, Sample], Mapping[str, tuple[float, float | None, float | None]]]
"""Every KPI that labelled rows give: its value, and the ends of its interval where known."""


Estimate = Callable[
    [ModelSpec, Sample, Sample], tuple[Mapping[str, tuple[float, float, float]], str | None]
]
"""Every KPI that a window lets expect, from the labelled rows of a reference; else why there are
none."""
ESTIMATED = "performance.estimated"
COMPUTED = 24
"""Windows without a finding that are estimated when asked: the others wait for their check."""

_Found = Mapping[tuple[Window, str], tuple[Json, str | None]]


@dataclass(slots=True)
class Series:
    """The KPIs of each window and version, realized and estimated.

    What was estimated when a window was checked is in its findings; of windows that were not
    checked so far some are estimated now.
    """

    spec: ModelSpec
    sources: Sources
    ports: Ports
    evaluate: Evaluate
    estimate: Estimate | None
    left: int = COMPUTED

    def items(self, span: Window) -> Iterator[Json]:
        """One item for each window and version, oldest first.

        `label_coverage` is the share of rows whose actual is in, exact while the labelled rows of a
        window are no more than are read (`check.LABELLED_ROWS`), a lower bound above.
        """
        every, found, dues = self.spec.window.every, self._found(span), self._dues(span)
        for window, version, profiles in self.ports.profiles.profiles(
            self.sources.model, span, every
        ):
            due = dues.get((window, version))
            estimated, refusal = found.get((window, version)) or self._now(window, version)
            yield self._realized(window, version, profiles) | {
                "labels_due": due,
                "estimated": estimated,
                "refusal": refusal,
            }

    def _realized(self, window: Window, version: str, profiles: Profiles) -> Json:
        sample = self.sources.sample(version, window, labelled=True)
        kpis = self.evaluate(self.spec, sample) if sample.rows else {}
        return {
            "window": {
                "start": window.start.isoformat(),
                "end": window.end.isoformat(),
                "rows": profiles.rows,
            },
            "version": version,
            "label_coverage": min(1.0, sample.rows / profiles.rows) if profiles.rows else 0.0,
            "realized": {kpi: _interval(*said) for kpi, said in kpis.items()},
        }

    def _now(self, window: Window, version: str) -> tuple[Json, str | None]:
        if self.estimate is None or self.left <= 0:
            return {}, None
        self.left -= 1
        sample = self.sources.sample(version, window, labelled=False)
        reference = self.sources.reference_sample(version, labelled=True)
        kpis, refusal = self.estimate(self.spec, reference, sample)
        return {kpi: _interval(*said) for kpi, said in kpis.items()}, refusal

    def _dues(self, span: Window) -> Mapping[tuple[Window, str], object]:
        """What share of labels should have been in when it was judged last."""
        query = FindingQuery(self.sources.model, span, "quality.freshness", limit=_ALL)
        return {
            (f.window, f.version): f.measured.evidence.get("due")
            for f in self.ports.findings.find(query)
            if f.measured.method == "label_coverage"
        }

    def _found(self, span: Window) -> _Found:
        """By window and version; the newest finding says whether nothing is estimated."""
        found: dict[tuple[Window, str], tuple[Json, str | None]] = {}
        query = FindingQuery(self.sources.model, span, ESTIMATED, limit=_ALL)
        for finding in self.ports.findings.find(query):
            m, key = finding.measured, (finding.window, finding.version)
            if m.method == "refusal":
                found.setdefault(key, ({}, str(m.evidence.get("reason"))))
                continue
            kpis, refusal = found.setdefault(key, ({}, None))
            if m.segment is None and refusal is None:
                kpis[m.method] = _interval(m.value, m.low, m.high)
        return found


def _interval(value: float, low: float | None, high: float | None) -> Json:
    return {"value": value, "low": low, "high": high}
