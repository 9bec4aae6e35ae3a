"""What follows from findings: incidents, requests for a new model, promotions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from monitor.core.findings import Severity
from monitor.core.windows import Window


class IncidentState(StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Cause:
    """One likely cause of an incident, in plain words, and how much speaks for it (0 to 1)."""

    text: str
    weight: float
    detector: str
    feature: str | None = None


class NoticeState(StrEnum):
    """What became of telling somebody."""

    SENT = "sent"
    WAITING = "waiting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Notice:
    """An event of an incident that a channel was told of, or was to be told of.

    `severity` is that of the incident at the time, `at` the time of the last attempt.
    """

    channel: str
    event: str
    state: NoticeState
    at: datetime
    attempts: int
    severity: Severity
    error: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """Alerts of one model that belong together, from the first to the resolution.

    `window` spans the event time of its alerts; `findings` are their numbers, newest last;
    `opened_at` and `resolved_at` are times of the service's clock. `reopened` counts how often it
    came back; until `muted_until` nobody is told of it; `false_alarm` is what a person said.
    """

    id: str
    model: str
    version: str
    state: IncidentState
    severity: Severity
    title: str
    window: Window
    opened_at: datetime
    resolved_at: datetime | None = None
    note: str = ""
    causes: Sequence[Cause] = ()
    findings: Sequence[int] = ()
    reopened: int = 0
    muted_until: datetime | None = None
    false_alarm: bool | None = None
    notices: Sequence[Notice] = ()

    def is_muted(self, now: datetime) -> bool:
        """Whether nobody is to be told of it now."""
        return self.muted_until is not None and now < self.muted_until

    @property
    def is_open(self) -> bool:
        """Not resolved yet."""
        return self.state is not IncidentState.RESOLVED


@dataclass(frozen=True, slots=True)
class RetrainRequest:
    """Someone or something asks for a new model, and why.

    `changed_at` is the event time since which things are different, where known; `event_time` is
    how far event time had come when it was asked (in a replay it runs faster than the clock).
    `excluded` are the windows that must not be learned from. `confirmed` says that findings told
    of a changed concept or of worse performance. `episode` is the incident whose alert opened the
    episode that it belongs to, `retry` how many times it has been asked again in it.
    """

    model: str
    reason: str
    requested_at: datetime
    incident: str | None = None
    changed_at: datetime | None = None
    event_time: datetime | None = None
    excluded: Sequence[Window] = ()
    confirmed: bool = False
    episode: str | None = None
    retry: int = 0
    id: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy decided on an alert, and why; also when it decided against."""

    model: str
    retrain: bool
    reason: str
    decided_at: datetime
    evidence: Mapping[str, object] = field(default_factory=dict)
