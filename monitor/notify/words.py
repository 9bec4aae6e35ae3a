"""What is said of an incident: as a document for programs, and in words."""

import json
from datetime import datetime
from typing import Any

from monitor.core.decisions import Incident

_CAUSES = 5


def document(incident: Incident, event: str, now: datetime) -> bytes:
    """The body of a webhook: the event, when it is sent, and the incident as the API shows it."""
    told: dict[str, Any] = {
        "event": event,
        "delivery": f"{incident.id}/{event}",
        "sent_at": now.isoformat(),
        "incident": {
            "id": incident.id,
            "model": incident.model,
            "version": incident.version,
            "state": str(incident.state),
            "severity": str(incident.severity),
            "title": incident.title,
            "window": {
                "start": incident.window.start.isoformat(),
                "end": incident.window.end.isoformat(),
            },
            "opened_at": incident.opened_at.isoformat(),
            "causes": [
                {"text": c.text, "weight": c.weight, "detector": c.detector, "feature": c.feature}
                for c in incident.causes
            ],
            "note": incident.note,
            "reopened": incident.reopened,
        },
    }
    return json.dumps(told).encode()


def subject(incident: Incident, event: str) -> str:
    """One line."""
    what = event.partition(" ")[0]
    return f"[{incident.severity}] {incident.model}: {incident.title} ({what})"


def text(incident: Incident, event: str) -> str:
    """A few lines: what happened, since when, why, and where to look."""
    window = incident.window
    lines = [
        subject(incident, event),
        f"version {incident.version or '-'}, {window.start:%Y-%m-%d %H:%M} to "
        f"{window.end:%Y-%m-%d %H:%M} UTC",
        *(f"- {cause.text}" for cause in incident.causes[:_CAUSES]),
    ]
    if incident.note:
        lines.append(f"note: {incident.note}")
    lines.append(f"GET /v1/models/{incident.model}/incidents (id {incident.id})")
    return "\n".join(lines)
