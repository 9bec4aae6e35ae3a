"""Alerts that others raise, as findings: so they meet ours in one incident, and one policy."""

from collections.abc import Callable, Sequence
from datetime import datetime

from monitor.core.errors import UnknownModelError
from monitor.core.external import PREFIX, ExternalAlert, Told
from monitor.core.findings import Finding, Measurement, Severity
from monitor.core.ports import FindingQuery
from monitor.core.spec import ModelSpec
from monitor.core.windows import Window
from monitor.engine.history import History
from monitor.engine.ports import Ports

OURS = "Watchkeeper"
"""How the alerts of our own rules begin: they tell of findings and incidents that we know of."""
OF_INCIDENTS = "WatchkeeperIncident"
"""It fires while an incident is open, so it must never open one."""
_PLACED = frozenset({"alertname", "model", "version", "feature", "segment", "severity"})
"""Labels that have a place of their own in a finding."""

Conclude = Callable[[str], None]
"""Makes incidents of what a model has, now if nobody works on it, else in the next round."""


class External:
    """Takes alerts of others."""

    def __init__(self, ports: Ports, conclude: Conclude) -> None:
        self._ports = ports
        self._conclude = conclude
        self._history = History(ports.findings)

    def __call__(self, alerts: Sequence[ExternalAlert]) -> list[Told]:
        """What became of each alert, in order; one sent again changes nothing.

        Findings are stored when it returns; what follows from them may take until the next round.
        """
        reasons = [self._reason(alert) for alert in alerts]
        taken = [a for a, reason in zip(alerts, reasons, strict=True) if not reason]
        places: dict[int, Finding] = {}
        for model in dict.fromkeys(a.model for a in taken):
            spec = self._ports.specs.get(model)
            version = self._version(model)
            found = {id(a): finding_of(a, spec, version) for a in taken if a.model == model}
            places |= found
            self._keep(model, list(found.values()))
            self._conclude(model)
        return [
            Told(a, self._incident(places.get(id(a))), reason)
            for a, reason in zip(alerts, reasons, strict=True)
        ]

    def _reason(self, alert: ExternalAlert) -> str:
        try:
            self._ports.specs.get(alert.model)
        except UnknownModelError as problem:
            return str(problem)
        if alert.name == OF_INCIDENTS:
            return "it tells of an incident that is known"
        known = self._ports.incidents.incidents(alert.model, only_open=True)
        if alert.name.startswith(OURS) and alert.firing and known:
            return f"it tells of what incident {known[0].id} holds"
        return ""

    def _version(self, model: str) -> str:
        """The version that an alert without one is about: the champion, else the newest judged."""
        champion = self._ports.champion.training(model).champion
        if champion is not None:
            return champion
        newest = self._ports.findings.find(FindingQuery(model, limit=1))
        return newest[0].version if newest else ""

    def _keep(self, model: str, found: Sequence[Finding]) -> None:
        """Save what is new. What is over was never told if nobody told that it began."""
        with self._ports.ledger.transaction():
            news = self._history.news(model, found)
            self._ports.findings.save([f for f in news if f.alert or f.revised])

    def _incident(self, finding: Finding | None) -> str | None:
        """The newest incident that holds the finding."""
        if finding is None:
            return None
        for incident in self._ports.incidents.incidents(finding.model):
            inside = incident.window.start <= finding.window.start < incident.window.end
            if inside and incident.version == finding.version:
                return incident.id
        return None


def finding_of(alert: ExternalAlert, spec: ModelSpec, version: str) -> Finding:
    """The finding that an alert becomes, in the window in which it began to fire."""
    labels = alert.labels
    rest = [f"{k}={v}" for k, v in sorted(labels.items()) if k not in _PLACED]
    measured = Measurement(
        alert.name,
        alert.value,
        feature=labels.get("feature") or None,
        segment=labels.get("segment") or (", ".join(rest) or None),
        evidence={"labels": dict(labels), **({"links": dict(alert.links)} if alert.links else {})},
    )
    return Finding(
        model=alert.model,
        version=labels.get("version") or version,
        window=_window(alert.since, spec),
        rows=0,
        detector=f"{PREFIX}{alert.sender}",
        measured=measured,
        threshold=None,
        level=None,
        alert=alert.firing,
        severity=alert.severity if alert.firing else Severity.INFO,
        message=f"{alert.name}: {alert.message}" if alert.firing else f"{alert.name}: over",
    )


def _window(since: datetime, spec: ModelSpec) -> Window:
    return Window.holding(since, spec.window.every)
