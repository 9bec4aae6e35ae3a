"""Draws the status page from what the ports know; one page, nothing loaded from elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import jinja2

from monitor.core.decisions import Incident
from monitor.core.findings import Finding
from monitor.core.ports import Champion, Clock, FindingLog, FindingQuery, IncidentLog, SpecBook
from monitor.core.spec import Task

_FIRST_KPI = {Task.BINARY: "accuracy", Task.MULTICLASS: "accuracy", Task.REGRESSION: "mae"}
_POINTS = 60
_WIDTH, _HEIGHT = 160, 32
_NEWEST_WINDOWS = 3


@dataclass(frozen=True, slots=True)
class Kpi:
    """One KPI of a model, window by window, oldest first."""

    name: str
    values: Sequence[float]
    low: float | None
    high: float | None
    alert: bool

    @property
    def now(self) -> float:
        """The newest value."""
        return self.values[-1]

    @property
    def line(self) -> str:
        """The values as points of an SVG polyline."""
        low, high = min(self.values), max(self.values)
        step = _WIDTH / max(1, len(self.values) - 1)
        height = _HEIGHT / ((high - low) or 1)
        points = [(i * step, _HEIGHT - (v - low) * height) for i, v in enumerate(self.values)]
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model on the page."""

    name: str
    task: str
    champion: str | None
    running: bool
    kpi: Kpi | None
    incidents: Sequence[Incident]
    alerts: int
    checked: datetime | None


class StatusPage:
    """The page, drawn anew for each request."""

    def __init__(
        self,
        specs: SpecBook,
        findings: FindingLog,
        incidents: IncidentLog,
        champion: Champion,
        clock: Clock,
    ) -> None:
        self._specs = specs
        self._findings = findings
        self._incidents = incidents
        self._champion = champion
        self._clock = clock
        self._template = jinja2.Environment(
            loader=jinja2.PackageLoader("monitor.console"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
        ).get_template("status.html")

    def draw(self) -> str:
        """The page as HTML."""
        models = [self._row(name) for name in self._specs.names()]
        return self._template.render(
            models=models,
            open_incidents=sum(len(model.incidents) for model in models),
            now=self._clock(),
            width=_WIDTH,
            height=_HEIGHT,
        )

    def _row(self, model: str) -> ModelRow:
        spec, training = self._specs.get(model), self._champion.training(model)
        newest = self._findings.find(FindingQuery(model, limit=1000))
        kpi = next((k for k in spec.kpis), _FIRST_KPI[spec.task])
        realized = [
            f for f in newest if f.detector == "performance.realized" and f.measured.method == kpi
        ]
        windows = sorted({f.window for f in newest}, reverse=True)[:_NEWEST_WINDOWS]
        return ModelRow(
            model,
            str(spec.task),
            training.champion,
            training.running,
            _kpi(kpi, realized),
            self._incidents.incidents(model, only_open=True),
            sum(f.alert for f in newest if f.window in windows),
            max((f.window.end for f in newest), default=None),
        )


def _kpi(name: str, findings: Sequence[Finding]) -> Kpi | None:
    if not findings:
        return None
    ordered = sorted(findings, key=lambda f: (f.window.start, f.number))[-_POINTS:]
    newest = ordered[-1]
    return Kpi(
        name,
        [f.measured.value for f in ordered],
        newest.measured.low,
        newest.measured.high,
        newest.alert,
    )
