"""Episodes: an alarm asks for a new model more than once, since at first there are few rows."""

from monitor.core.decisions import RetrainRequest
from monitor.core.ports import Training
from monitor.core.spec import ModelSpec, Policy, span_text
from monitor.engine.guards import hindrance
from monitor.engine.situation import Situation

RETRIES = (1, 2, 4, 8)
"""An alarm opens an episode: a run is asked for again after so many blocks, each from the last."""


def is_episode(spec: ModelSpec, training: Training) -> bool:
    """Whether an alarm led to the last run, and it is to be asked for again some time."""
    last = training.last_request
    return (
        spec.retrain.policy in {Policy.ON_ALERT, Policy.ON_PERFORMANCE}
        and last is not None
        and last.episode is not None
        and last.retry < len(RETRIES)
    )


def again(spec: ModelSpec, situation: Situation) -> RetrainRequest | None:
    """The next request of an episode, if its time has come and nothing speaks against it."""
    last = situation.training.last_request
    if last is None or last.event_time is None or not is_episode(spec, situation.training):
        return None
    block = max(spec.window.every, spec.retrain.cooldown)
    blocks = RETRIES[last.retry]
    if situation.event_time - last.event_time <= blocks * block or hindrance(spec, situation):
        return None
    since = f"{blocks} block{'s' if blocks > 1 else ''} of {span_text(block)} since the last run"
    return RetrainRequest(
        model=situation.model,
        reason=f"episode of {last.episode}, again ({last.retry + 1} of {len(RETRIES)}): {since}",
        requested_at=situation.now,
        incident=last.incident,
        changed_at=last.changed_at,
        event_time=situation.event_time,
        excluded=situation.bad(),
        confirmed=last.confirmed,
        episode=last.episode,
        retry=last.retry + 1,
    )
