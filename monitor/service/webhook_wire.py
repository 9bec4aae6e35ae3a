"""Bodies that Alertmanager and Grafana send, read as alerts about our models.

Both send one body for a group of alerts, version 4 of Alertmanager's webhook; Grafana adds values
and addresses (prometheus.io/docs/alerting/latest/configuration/#webhook_config,
grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any

from monitor.core.errors import BodyError
from monitor.core.external import ExternalAlert, Sender, Told
from monitor.core.findings import Severity
from monitor.core.ports import Json
from monitor.core.rows import moment
from monitor.service.row_parts import EARLIEST, timestamp

MOST_ALERTS = 1_000
_LINKS = ("generatorURL", "dashboardURL", "panelURL", "silenceURL")
_LONGEST, _MOST_LABELS = 1000, 64
_CRITICAL = frozenset({"critical", "page", "emergency", "fatal", "error"})
ALERT_EXAMPLE: Json = {
    "version": "4",
    "status": "firing",
    "receiver": "watchkeeper",
    "groupLabels": {"alertname": "CheckoutErrors"},
    "commonLabels": {"model": "loans"},
    "commonAnnotations": {},
    "externalURL": "http://alertmanager:9093",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "CheckoutErrors", "model": "loans", "severity": "critical"},
            "annotations": {"summary": "one checkout in five fails"},
            "startsAt": "2026-03-01T12:04:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus:9090/graph",
            "fingerprint": "c4f1a2",
        }
    ],
}
SCHEMA: Json = {
    "type": "object",
    "required": ["alerts"],
    "properties": {"alerts": {"type": "array"}},
}
"""What must hold of a body; the rest is theirs."""


@dataclass(frozen=True, slots=True)
class Read:
    """The alerts of a body, each with its place, and why others could not be taken."""

    alerts: Sequence[tuple[int, ExternalAlert]]
    ignored: Sequence[tuple[int, str]]


def alerts_of(document: object, sender: Sender, now: datetime) -> Read:
    """The alerts of a body; an alert that cannot be read is told apart and spoils no other.

    Raises BodyError if it is no such body.
    """
    if not isinstance(document, dict) or not isinstance(document.get("alerts"), list):
        raise BodyError(f"the body must be what {sender} sends: an object with an array `alerts`")
    if len(document["alerts"]) > MOST_ALERTS:
        raise BodyError(f"alerts: more than {MOST_ALERTS}")
    common, notes = _texts(document.get("commonLabels")), _texts(document.get("commonAnnotations"))
    alerts, ignored = [], []
    for index, part in enumerate(document["alerts"]):
        try:
            alerts.append((index, _alert(part, common, notes, sender, now)))
        except ValueError as problem:
            ignored.append((index, str(problem)))
    return Read(alerts, ignored)


def _alert(
    part: Any, common: Mapping[str, str], notes: Mapping[str, str], sender: Sender, now: datetime
) -> ExternalAlert:
    if not isinstance(part, dict):
        raise ValueError("an alert must be an object")  # noqa: TRY004  told to whoever sent it
    labels = {**common, **_texts(part.get("labels"))}
    said = {**notes, **_texts(part.get("annotations"))}
    status = part.get("status", "firing")
    if status not in {"firing", "resolved"}:
        raise ValueError(f"status: must be firing or resolved, not {str(status)[:60]!r}")
    if not labels.get("model"):
        raise ValueError("labels: no label `model` says which model it is about")
    name = labels.get("alertname") or "alert"
    return ExternalAlert(
        sender=sender,
        name=name,
        model=labels["model"],
        firing=status == "firing",
        since=_since(part.get("startsAt"), now),
        severity=_severity(labels.get("severity", "")),
        message=said.get("summary") or said.get("description") or said.get("message") or name,
        value=_value(part.get("values")),
        labels=dict(list(labels.items())[:_MOST_LABELS]),
        links={k: part[k] for k in _LINKS if isinstance(part.get(k), str) and part[k]},
    )


def _texts(given: object) -> dict[str, str]:
    """Labels or annotations; what is no text is none."""
    if not isinstance(given, dict):
        return {}
    return {k: v[:_LONGEST] for k, v in given.items() if isinstance(v, str)}


def _since(given: object, now: datetime) -> datetime:
    """When it began; never in the future."""
    if given is None:
        return now
    try:
        return min(now, max(EARLIEST, moment(timestamp(given))))
    except (ValueError, OverflowError) as problem:
        raise ValueError(f"startsAt: {problem}") from None


def _severity(word: str) -> Severity:
    return Severity.CRITICAL if word.lower() in _CRITICAL else Severity.WARNING


def _value(values: object) -> float:
    """The first number that Grafana measured; 1 where nobody says."""
    for value in values.values() if isinstance(values, dict) else ():
        if isinstance(value, int | float) and isfinite(value):
            return float(value)
    return 1.0


def answer_json(read: Read, told: Sequence[Told]) -> Json:
    """What became of each alert, in order."""
    items = [
        {
            "index": index,
            "alert": t.alert.name,
            "model": t.alert.model,
            "state": "firing" if t.alert.firing else "resolved",
            "incident": t.incident,
        }
        for (index, _), t in zip(read.alerts, told, strict=True)
        if not t.reason
    ]
    known = [(index, t.reason) for (index, _), t in zip(read.alerts, told, strict=True) if t.reason]
    ignored = sorted([*read.ignored, *known])
    return {"items": items, "ignored": [{"index": i, "reason": why} for i, why in ignored]}
