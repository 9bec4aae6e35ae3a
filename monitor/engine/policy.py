"""When to ask for a new model, and why not."""

from collections.abc import Sequence
from datetime import datetime

from monitor.core.decisions import Decision, Incident, RetrainRequest
from monitor.core.external import PREFIX
from monitor.core.findings import Finding
from monitor.core.spec import ModelSpec, Policy
from monitor.core.windows import Window
from monitor.engine.guards import hindrance
from monitor.engine.retries import again
from monitor.engine.situation import Situation

STUCK = 0.5
"""A feature that stands still in a smaller part of a window may do so by nature."""
BAD_SHARE = 0.01
"""A window in which so many rows hold bad values teaches nothing."""
STUCK = 0.5
"""A feature that stood still for so much of a window was not measured."""
SHOWN = 10
"""Alerts that a decision names: the newest."""

_TRIGGERS = {
    Policy.ON_ALERT: ("drift.", "performance.", PREFIX),
    Policy.ON_PERFORMANCE: ("drift.concept", "performance."),
    Policy.SCHEDULED: (),
    Policy.MANUAL: (),
}
_CONFIRMING = ("drift.concept", "performance.realized")
"""What needs actuals to alert: it knows that the old answers are wrong now."""


def decide(spec: ModelSpec, situation: Situation) -> tuple[Decision | None, RetrainRequest | None]:
    """Whether to ask for a new model now, with the reason; None where nothing called for it.

    Alerts of data quality never ask for one, and a window with bad data keeps its other alerts
    from asking. Alerts of retired versions do not count. What waits for a guard is looked at
    again in each round as long as its incident is open; it is recorded when its alert is new.

    A run that an alarm led to knew little of what came after the change. So it is asked for again
    after 1, 2, 4 and 8 blocks of `window.every` or the cooldown, whichever is longer.
    """
    policy = spec.retrain.policy
    asking, suppressed = _asking(spec, situation)
    if not asking and not situation.new and (further := again(spec, situation)):
        return _decision(situation, True, further.reason, ()), further
    if policy is not Policy.SCHEDULED and not asking:
        reason = _why_not(policy, situation, suppressed)
        return (_decision(situation, False, reason, ()) if reason else None), None
    held = hindrance(spec, situation)
    if held:
        told = situation.new and policy is not Policy.SCHEDULED
        return (_decision(situation, False, held, asking) if told else None), None
    request = _request(situation, asking)
    return _decision(situation, True, request.reason, asking), request


def is_bad(finding: Finding) -> bool:
    """Whether an alert says that a window's rows must not be learned from.

    Values that were never seen but mean nothing known are news, not damage: of categories only
    those count that look like another one. An extra column harms no row. Values out of range may
    be true drift past what the reference happened to hold: they are damage only where the unit
    has changed (`scale` in the evidence), or where 1 % of all values lie over ten times the
    reference's span beyond it (`far`). A feature that stood still for less than half of a window
    may have had its reasons (a price that nobody changed), and its rows are sound.
    """
    if not finding.alert or not finding.detector.startswith("quality."):
        return False
    if finding.detector == "quality.constant" and finding.measured.value < STUCK:
        return False
    if finding.detector == "quality.volume" or finding.measured.method in {
        "extra_column",
        "lag",
        "label_coverage",
    }:
        return False
    return _damage(finding) >= BAD_SHARE


def _damage(finding: Finding) -> float:
    measured = finding.measured
    if finding.detector == "quality.range" and "scale" not in measured.evidence:
        lost = measured.evidence.get("far")
        return lost if isinstance(lost, float) else 0.0
    if finding.detector == "quality.constant" and measured.value < STUCK:
        return 0.0
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
        confirmed=any(f.detector.startswith(_CONFIRMING) for f in asking),
        episode=incident.id if incident else None,
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
