"""Incidents that come back: the same alert soon after the end opens the old one again."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from monitor.core.decisions import Incident, IncidentState
from monitor.core.findings import Finding
from monitor.core.windows import Window

SOON = 24
"""Windows after the end of an incident within which the same alert is its return."""


def reopened(
    alerts: Iterable[Finding],
    standing: Sequence[Incident],
    resolved: Sequence[Incident],
    every: timedelta,
) -> list[Incident]:
    """The resolved incidents that alerts open again, their windows reaching up to them.

    An alert returns if an incident of its version has it among its causes, by detector and
    feature, and ended at most `SOON` windows before. Not if it belongs to an incident that is
    `standing` at that time, nor to one that a person called a false alarm: that person is to see a
    new one. `resolved` are the newest first.
    """
    found: dict[str, Incident] = {}
    for alert in sorted(alerts, key=lambda f: f.window.start):
        if any(_reaches(i, alert, every) for i in (*standing, *found.values())):
            continue
        old = next((i for i in resolved if _returns(i, alert, every)), None)
        if old is not None:
            found[old.id] = replace(
                old,
                state=IncidentState.OPEN,
                resolved_at=None,
                reopened=old.reopened + 1,
                window=Window(old.window.start, alert.window.end),
            )
    return list(found.values())


def _reaches(incident: Incident, alert: Finding, every: timedelta) -> bool:
    window = incident.window
    inside = window.start - every <= alert.window.start <= window.end + every
    return incident.version == alert.version and inside


def _returns(incident: Incident, alert: Finding, every: timedelta) -> bool:
    after = alert.window.start - incident.window.end
    return (
        incident.version == alert.version
        and not incident.false_alarm
        and timedelta() <= after <= SOON * every
        and any(
            (c.detector, c.feature) == (alert.detector, alert.measured.feature)
            for c in incident.causes
        )
    )
