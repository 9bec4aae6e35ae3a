"""What holds a request for a new model back: a run that is going, the cooldown, too few actuals."""

from datetime import timedelta

from monitor.core.ports import Training
from monitor.core.spec import ModelSpec, span_text
from monitor.engine.situation import Situation

LONGEST = 8
"""The cooldown doubles with each rejection in a row, up to so many times itself."""


def cooldown(spec: ModelSpec, training: Training) -> timedelta:
    """How long to wait after a run: doubled by each rejection in a row.

    >>> from monitor.core.spec import Task
    >>> str(cooldown(ModelSpec(Task.BINARY), Training(rejected_in_row=2)))
    '4 days, 0:00:00'
    """
    return spec.retrain.cooldown * min(LONGEST, 1 << min(training.rejected_in_row, 10))


def hindrance(spec: ModelSpec, situation: Situation) -> str:
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
