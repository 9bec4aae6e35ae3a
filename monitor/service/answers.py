"""Answers as JSON, and findings, incidents and profiles as they stand in them."""

from typing import Any

import msgspec
import numpy as np
from fastapi import Response

from monitor.core.decisions import Incident
from monitor.core.findings import Finding
from monitor.core.ports import Json


class JsonAnswer(Response):
    """A JSON document. Numbers that JSON does not have (NaN, infinity) become null."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The bytes of the document."""
        return msgspec.json.encode(content, enc_hook=_plain)


def _plain(value: object) -> object:
    """What numpy made, as JSON has it; anything else as text."""
    if isinstance(value, np.generic):
        return value.item()
    return value.tolist() if isinstance(value, np.ndarray) else str(value)


def finding_json(finding: Finding) -> Json:
    """A finding as the contract shows it, with its number as `id`."""
    m = finding.measured
    window = {"start": finding.window.start, "end": finding.window.end, "rows": finding.rows}
    return {
        "id": finding.number,
        "model": finding.model,
        "version": finding.version,
        "window": window,
        "detector": finding.detector,
        "feature": m.feature,
        "segment": m.segment,
        "method": m.method,
        "value": m.value,
        "low": m.low,
        "high": m.high,
        "expected": m.expected,
        "threshold": finding.threshold,
        "p_value": m.p_value,
        "level": finding.level,
        "alert": finding.alert,
        "severity": str(finding.severity),
        "message": finding.message,
        "evidence": m.evidence,
        "revised": finding.revised,
    }


def incident_json(incident: Incident) -> Json:
    """An incident, its likely causes first to last, and the ids of its findings."""
    return {
        "id": incident.id,
        "model": incident.model,
        "version": incident.version,
        "state": str(incident.state),
        "severity": str(incident.severity),
        "title": incident.title,
        "window": {"start": incident.window.start, "end": incident.window.end},
        "opened_at": incident.opened_at,
        "resolved_at": incident.resolved_at,
        "note": incident.note,
        "causes": [msgspec.to_builtins(cause) for cause in incident.causes],
        "findings": list(incident.findings),
        "reopened": incident.reopened,
        "muted_until": incident.muted_until,
        "false_alarm": incident.false_alarm,
        "notices": [msgspec.to_builtins(notice) for notice in incident.notices],
    }
