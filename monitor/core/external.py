"""What somebody else raised about a model: Prometheus by way of Alertmanager, or Grafana."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from monitor.core.findings import Severity

PREFIX = "external."
"""Of the detectors' names under which such alerts are kept as findings."""


class Sender(StrEnum):
    """Who sends alerts of others."""

    ALERTMANAGER = "alertmanager"
    GRAFANA = "grafana"


@dataclass(frozen=True, slots=True)
class ExternalAlert:
    """One alert about one model, firing or over.

    `since` is when it began to fire: it stays as it is however often the alert is sent. `labels`
    are all that it came with; `links` say where to look.
    """

    sender: Sender
    name: str
    model: str
    firing: bool
    since: datetime
    severity: Severity
    message: str
    value: float = 1.0
    labels: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """What became of an external alert: the incident that it is part of, if it has one yet."""

    alert: ExternalAlert
    incident: str | None = None
    reason: str = ""
    """Why it led to nothing new; empty where it did."""
