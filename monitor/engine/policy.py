"""When to ask for a new model, and why not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.decisions import Decision, Incident, RetrainRequest
from monitor.core.external import PREFIX
from monitor.core.findings import Finding
from monitor.core.ports import Training
from monitor.core.spec import ModelSpec, Policy, span_text
from monitor.core.windows import Window

BAD_SHARE = 0.01
"""A window in which so many rows hold bad values teaches nothing."""
LONGEST = 8
"""The cooldown doubles with each rejection in a row, up to so many times itself."""
SHOWN = 10
"""Alerts that a decision names: the newest."""

_TRIGGERS = {
    Policy.ON_ALERT: ("drift.", "performance.", PREFIX),
    Policy.ON_PERFORMANCE: ("drift.concept", "performance."),
    Policy.SCHEDULED: (),
    Policy.MANUAL: (),
}


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the policy looks at.

    `alerts` are those in the windows of open incidents, `new` says whether any came just now.
    `event_time` is how far event time has come. `waiting` says that a request waits already.
    `labels` counts labelled rows and `bad` finds the windows that must not be learned from:
    both may take long, so they are asked for only when nothing else speaks against a run.
    """

    model: str
    now: datetime
    event_time: datetime
    training: Training
    labels: Callable[[], int]
    bad: Callable[[], Sequence[Window]]
    incidents: Sequence[Incident] = ()
    alerts: Sequence[Finding] = ()
    new: bool = False
    waiting: bool = False


def decide(spec: ModelSpec, situation: Situation) -> tuple[Decision | None, RetrainRequest | None]:
    """Whether to ask for a new model now, with the reason; None where nothing called for it.

    Alerts of data quality never ask for one, and a window with bad data keeps its other alerts
    from asking. Alerts of retired versions do not count. What waits for a guard is looked at
    again in each round as long as its incident is open; it is recorded when its alert is new.
    """
    policy = spec.retrain.policy
    asking, suppressed = _asking(spec, situation)
    if policy is not Policy.SCHEDULED and not asking:
        reason = _why_not(policy, situation, suppressed)
        return (_decision(situation, False, reason, ()) if reason else None), None
    hindrance = _hindrance(spec, situation)
    if hindrance:
        told = situation.new and policy is not Policy.SCHEDULED
        return (_decision(situation, False, hindrance, asking) if told else None), None
    request = _request(situation, asking)
    return _decision(situation, True, request.reason, asking), request


def is_bad(finding: Finding) -> bool:
    """Whether an alert says that a window's rows must not be learned from.

    Values that were never seen but mean nothing known are news, not damage: of categories only
    those count that look like another one. An extra column harms no row. Values out of range may
    be true drift past what the reference happened to hold: they are damage only where the unit
    has changed (`scale` in the evidence), or where 1 % of all values lie over ten times the
    reference's span beyond it (`far`).
    """
    if not finding.alert or not finding.detector.startswith("quality."):
        return False
    if finding.detector == "quality.volume" or finding.measured.method in {"extra_column", "lag"}:
        return False
    return _damage(finding) >= BAD_SHARE


def cooldown(spec: ModelSpec, training: Training) -> timedelta:
    """How long to wait after a run: doubled by each rejection in a row.

    >>> from monitor.core.spec import Task
    >>> str(cooldown(ModelSpec(Task.BINARY), Training(rejected_in_row=2)))
    '4 days, 0:00:00'
    """
    return spec.retrain.cooldown * min(LONGEST, 1 << min(training.rejected_in_row, 10))


def _damage(finding: Finding) -> float:
    measured = finding.measured
    if finding.detector == "quality.range" and "scale" not in measured.evidence:
        lost = measured.evidence.get("far")
        return lost if isinstance(lost, float) else 0.0
    values = measured.evidence.get("values")
    if finding.detector != "quality.category" or not isinstance(values, list):
        return measured.value - (measured.expected or 0.0)
    rows = sum(v.get("count", 0) for v in values if v.get("suggestion"))
    return float(rows) / finding.rows if finding.rows else 0.0


def _asking(spec: ModelSpec, situation: Situation) -> tuple[list[Finding], list[Finding]]:
    """The alerts that ask for a new model, and those that would if their data were sound."""
    retired, triggers = situation.training.retired, _TRIGGERS[spec.retrain.policy]
    bad = {(f.version, f.window) for f in situation.alerts if is_bad(f)}
    asking: list[Finding] = []
    suppressed: list[Finding] = []
    for alert in situation.alerts:
        if not _kind(alert).startswith(triggers) or alert.version in retired:
            continue
        windows = [alert.window]
        if alert.detector == "drift.concept":  # it notices with some delay
            windows.append(Window(alert.window.start - spec.window.every, alert.window.start))
        spoilt = any((alert.version, window) in bad for window in windows)
        (suppressed if spoilt else asking).append(alert)
    return asking, suppressed


def _kind(alert: Finding) -> str:
    """The detector; of an alert of others the one that its labels name, if they do."""
    labels = alert.measured.evidence.get("labels")
    if not alert.detector.startswith(PREFIX) or not isinstance(labels, dict):
        return alert.detector
    named = str(labels.get("detector", ""))
    return named if named.startswith(("drift.", "performance.", "quality.")) else alert.detector


def _why_not(policy: Policy, situation: Situation, suppressed: Sequence[Finding]) -> str:
    if not situation.new:
        return ""
    if policy is Policy.MANUAL:
        return "the policy is manual: only a person asks for a new model"
    if suppressed:
        return "the data of the window is bad: nothing to learn from, and its alerts do not count"
    if all(f.version in situation.training.retired for f in situation.alerts):
        return "the version is retired: its successor answers already"
    return f"the policy {policy} does not name such alerts"


def _hindrance(spec: ModelSpec, situation: Situation) -> str:
    """What speaks against a run now; empty if nothing does."""
    training = situation.training
    if training.running or situation.waiting:
        return "a run is going or waiting already"
    wait, passed = cooldown(spec, training), _since_last_run(situation)
    if passed is not None and passed < wait:
        doubled = (
            f" after {training.rejected_in_row} rejections" if training.rejected_in_row else ""
        )
        return f"cooldown{doubled}: {span_text(_round(wait - passed))} of {span_text(wait)} left"
    labels = situation.labels()
    if labels < spec.retrain.min_labels:
        return f"{labels} labelled rows, {spec.retrain.min_labels} are needed"
    return ""


def _since_last_run(situation: Situation) -> timedelta | None:
    """Time since the last run by the clock or in event time, whichever is more.

    Live, both are the same. In a replay event time runs faster, and there it is what counts.
    """
    training = situation.training
    spans = []
    if training.last_started_at is not None:
        spans.append(situation.now - training.last_started_at)
    if training.last_event_at is not None:
        spans.append(situation.event_time - training.last_event_at)
    return max(spans, default=None)


def _round(value: timedelta) -> timedelta:
    return timedelta(seconds=max(1, round(value.total_seconds())))


def _request(situation: Situation, asking: Sequence[Finding]) -> RetrainRequest:
    numbers = {f.number for f in asking}
    incident = next((i for i in situation.incidents if numbers & set(i.findings)), None)
    return RetrainRequest(
        model=situation.model,
        reason=incident.title if incident else "the cooldown has passed: scheduled",
        requested_at=situation.now,
        incident=incident.id if incident else None,
        changed_at=_changed_at(incident, asking),
        event_time=situation.event_time,
        excluded=situation.bad(),
    )


def _changed_at(incident: Incident | None, asking: Sequence[Finding]) -> datetime | None:
    """The newest change that a concept detector saw, else where the incident begins."""
    told = [f.measured.evidence.get("changed_at") for f in asking]
    seen = [datetime.fromisoformat(t) for t in told if isinstance(t, str)]
    return max(seen, default=incident.window.start if incident else None)


def _decision(
    situation: Situation, retrain: bool, reason: str, asking: Sequence[Finding]
) -> Decision:
    evidence: dict[str, object] = {
        "alerts": [f.number for f in asking[-SHOWN:]],
        "messages": [f.message for f in asking[-SHOWN:]],
        "event_time": situation.event_time.isoformat(),
        "incidents": [i.id for i in situation.incidents],
    }
    return Decision(situation.model, retrain, reason, situation.now, evidence)
