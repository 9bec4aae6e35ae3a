"""Alerts that belong together, as one incident with its likely causes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.core.decisions import Cause, Incident, IncidentState
from monitor.core.external import PREFIX
from monitor.core.findings import Finding, Measurement, Severity
from monitor.core.ports import Training
from monitor.core.spec import ModelSpec
from monitor.core.windows import Window
from monitor.engine.wording import listed

NEAR = 3
"""An alert within so many windows of an incident belongs to it."""
QUIET = 3
"""An incident is over when so many newer windows were judged without an alert."""
CAUSES, NUMBERS = 10, 200
"""Causes and findings that an incident keeps at most."""

_ORDER = [Severity.INFO, Severity.WARNING, Severity.CRITICAL]
_BADNESS = {
    "quality": 0.9,
    "drift.concept": 0.7,
    "external": 0.6,
    "resource": 0.5,
    "anomaly": 0.4,
    "drift": 0.8,
}
"""How much an alert speaks for being a cause, at most. Performance is a symptom, and not here."""
_PREDICTION, _EXPLAINED = 0.4, 0.25
"""A changed output mostly follows from changed inputs; drift follows from bad values."""

Earlier = Callable[[Incident], Sequence[Finding]]
"""The stored alerts of an incident's window and version."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Alerts on their way into one incident, which may exist already."""

    incident: Incident | None
    version: str
    window: Window
    alerts: Sequence[Finding]

    def holds(self, alert: Finding, every: timedelta) -> bool:
        reach = NEAR * every
        return (
            alert.version == self.version
            and alert.window.start - self.window.end <= reach
            and self.window.start - alert.window.end <= reach
        )

    def with_alert(self, alert: Finding) -> "_Group":
        window = Window(
            min(self.window.start, alert.window.start), max(self.window.end, alert.window.end)
        )
        return replace(self, window=window, alerts=[*self.alerts, alert])


def gather(
    spec: ModelSpec,
    alerts: Iterable[Finding],
    incidents: Iterable[Incident],
    earlier: Earlier,
    now: datetime,
) -> list[Incident]:
    """Incidents that new alerts open or change: one for those of a version that are near in time.

    `incidents` are the open ones. A new incident is named by the number of its first alert, so the
    same alerts give the same incident when this is repeated.
    """
    groups = [_Group(i, i.version, i.window, ()) for i in incidents if i.is_open]
    for alert in sorted(alerts, key=lambda f: (f.window.start, f.number)):
        near = next((g for g in groups if g.holds(alert, spec.window.every)), None)
        if near is None:
            groups.append(_Group(None, alert.version, alert.window, [alert]))
        else:
            groups[groups.index(near)] = near.with_alert(alert)
    return [_incident(g, earlier, now) for g in groups if g.alerts]


def settle(
    incident: Incident,
    alerts: Sequence[Finding],
    newer: Sequence[Finding],
    training: Training,
    now: datetime,
) -> Incident | None:
    """The incident resolved, if it is over; else None.

    Over, when the champion has changed since it was opened, when late rows took its alerts back, or
    when each detector that alerted has judged `QUIET` newer windows and found nothing. `alerts` are
    the stored alerts of its window, `newer` the findings of its version after it; a newer alert
    farther off than `NEAR` belongs to another incident and does not keep this one open. A detector
    that had too little data says nothing, so it does not end an incident; of data quality any
    detector will do, for they look at every window. A stream alarms once, so its windows count
    only when the loss has fallen half of the way back.
    """
    resolved = replace(incident, state=IncidentState.RESOLVED, resolved_at=now)
    promoted = training.promoted_at is not None and training.promoted_at > incident.opened_at
    if promoted and training.champion != incident.version:
        return replace(resolved, note=f"version {training.champion} has taken over")
    if not alerts:
        return replace(
            resolved,
            note="its alerts are over, or its windows, judged again, show nothing",
        )
    looked_at = {_family(f) for f in alerts}
    loud = {(_family(f), f.window) for f in newer if f.alert}
    if any(family in looked_at and _is_near(incident, window) for family, window in loud):
        return None
    calm = [f for f in newer if (_family(f), f.window) not in loud and _is_calm(f, alerts)]
    if any(len({f.window for f in calm if _family(f) == d}) < QUIET for d in looked_at):
        return None
    return replace(resolved, note=f"{QUIET} newer windows were judged without an alert")


def _is_near(incident: Incident, window: Window) -> bool:
    return window.start - incident.window.end <= NEAR * (window.end - window.start)


def _is_calm(finding: Finding, alerts: Sequence[Finding]) -> bool:
    if finding.measured.method == "not_compared":
        return False
    if finding.detector != "drift.concept" or "estimated" in finding.measured.evidence:
        return True
    method = finding.measured.method
    alarms = [f.measured for f in alerts if _family(f) == _family(finding)]
    same = [m for m in alarms if m.method == method and m.expected is not None]
    return all(finding.measured.value < ((m.expected or 0) + m.value) / 2 for m in same)


def _family(finding: Finding) -> str:
    family = finding.detector.partition(".")[0]
    return family if family == "quality" else finding.detector


def _incident(group: _Group, earlier: Earlier, now: datetime) -> Incident:
    old = group.incident
    fresh = {f.number for f in group.alerts}
    known = [f for f in earlier(old) if f.number not in fresh] if old else []
    alerts = sorted([*known, *group.alerts], key=lambda f: (f.window.start, f.number))
    numbers = sorted({*(old.findings if old else ()), *fresh})[-NUMBERS:]
    first = min(fresh)
    base = old or Incident(
        id=f"{group.alerts[0].model}-{first}",
        model=group.alerts[0].model,
        version=group.version,
        state=IncidentState.OPEN,
        severity=Severity.INFO,
        title="",
        window=group.window,
        opened_at=now,
    )
    worst = max([base.severity, *(f.severity for f in alerts)], key=_ORDER.index)
    return replace(
        base,
        severity=worst,
        title=title(alerts),
        window=group.window,
        causes=causes(alerts),
        findings=numbers,
    )


def causes(alerts: Sequence[Finding]) -> list[Cause]:
    """What may lie behind the alerts, the likeliest first. A fallen KPI is a symptom, no cause."""
    bad = {(f.window, f.measured.feature) for f in alerts if f.detector.startswith("quality.")}
    found: dict[tuple[str, str | None], Cause] = {}
    for alert in alerts:
        weight = _weight(alert, bad)
        key = (alert.detector, alert.measured.feature)
        if weight and (key not in found or weight > found[key].weight):
            found[key] = Cause(alert.message, round(weight, 3), *key)
    return sorted(found.values(), key=lambda c: -c.weight)[:CAUSES]


def _weight(alert: Finding, bad: set[tuple[Window, str | None]]) -> float:
    family = alert.detector.partition(".")[0]
    most = _BADNESS.get(alert.detector, _BADNESS.get(family, 0.0))
    weight = most * _strength(alert)
    if alert.detector == "drift.prediction":
        return weight * _PREDICTION
    drifted = family == "drift" and alert.measured.feature is not None
    explained = drifted and (alert.window, alert.measured.feature) in bad
    return weight * (_EXPLAINED if explained else 1.0)


def _strength(alert: Finding) -> float:
    """From 0.5 at the threshold up to 1 far past it; bad values from 0.8, by the rows they hit."""
    value = alert.measured.value
    if alert.detector.startswith("quality."):
        return 0.8 + 0.2 * min(1.0, max(0.0, value))
    limit = alert.threshold if alert.threshold else alert.measured.expected
    if not limit or value <= limit:
        return 0.5
    return 1 - 0.5 * limit / value


def title(alerts: Sequence[Finding]) -> str:
    """What happened, in plain words, causes before symptoms."""
    groups: dict[str, dict[str, None]] = {}
    for alert in alerts:
        family = alert.detector if alert.detector in _TITLES else alert.detector.partition(".")[0]
        groups.setdefault(family, {})[_name(alert)] = None
    parts = [say(list(groups[d])) for d, say in _TITLES.items() if d in groups]
    parts += [f"alerts of {d}" for d in groups if d not in _TITLES]
    text = "; ".join(parts)
    return text[:1].upper() + text[1:]


def _name(alert: Finding) -> str:
    measured = alert.measured
    return measured.method if alert.detector.startswith(PREFIX) else _named(measured)


def _named(measured: Measurement) -> str:
    return measured.feature or measured.method


_TITLES: Mapping[str, Callable[[Sequence[str]], str]] = {
    "quality": lambda names: f"bad data in {listed(names)}",
    "drift.univariate": lambda names: f"data drift in {listed(names)}",
    "drift.multivariate": lambda _: "features go together otherwise",
    "anomaly": lambda _: "rows unlike the reference",
    "drift.concept": lambda _: "features relate otherwise to the actual",
    "drift": lambda _: "the model answers otherwise",
    "external": lambda names: f"{listed(names)} raised from outside",
    "performance": lambda names: f"{listed(names)} got worse",
    "resource": lambda names: f"serving got slower, busier or idle ({listed(names)})",
}
