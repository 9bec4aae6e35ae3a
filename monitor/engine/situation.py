"""All that the policy looks at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.core.decisions import Incident
from monitor.core.findings import Finding
from monitor.core.ports import Training
from monitor.core.windows import Window


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
