"""Tells each channel of each event once; what fails is tried again, and what happened is kept."""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta

from monitor.core.decisions import Incident, Notice, NoticeState
from monitor.core.errors import UnavailableError, UnknownIncidentError
from monitor.core.ports import Clock, IncidentLog
from monitor.notify.channels import Channel, DeliveryError
from monitor.notify.due import MOST_ATTEMPTS, due

_HOUR = timedelta(hours=1)
_NEWEST = 200
"""Incidents that are looked at each time."""
_log = logging.getLogger(__name__)


class Notifier:
    """Looks at the newest incidents, and tells what is due.

    What was sent is written after it was sent: a crash in between repeats it, with the same
    delivery name. A channel takes at most `per_hour` messages; what is more waits.
    """

    def __init__(
        self,
        incidents: IncidentLog,
        transaction: Callable[[], AbstractContextManager[None]],
        channels: Sequence[Channel],
        clock: Clock,
        per_hour: int,
    ) -> None:
        self._incidents = incidents
        self._transaction = transaction
        self._channels = channels
        self._clock = clock
        self._per_hour = per_hour
        self._times = {channel.name: deque[float](maxlen=per_hour) for channel in channels}

    def tick(self) -> int:
        """Tell what is due now; the answer is how many messages were taken."""
        try:
            return sum(self._tell(incident) for incident in self._incidents.incidents()[:_NEWEST])
        except UnavailableError as problem:  # a full disk, say: no fault of ours
            _log.warning("nobody is told now: %s", problem)
        except Exception:
            _log.exception("telling of incidents failed; it will be repeated")
        return 0

    def _tell(self, incident: Incident) -> int:
        taken = 0
        for channel in self._channels:
            now = self._clock()
            event = due(incident, channel.name, now)
            if event is None or self._is_full(channel.name, now.timestamp()):
                continue
            self._times[channel.name].append(now.timestamp())
            state, error = NoticeState.SENT, ""
            try:
                channel.tell(incident, event, now)
            except DeliveryError as problem:
                state = NoticeState.WAITING if problem.passing else NoticeState.FAILED
                error = str(problem)[:300]
                _log.warning(
                    "%s was not told that %s %s: %s", channel.name, incident.id, event, error
                )
            taken += state is NoticeState.SENT
            notice = Notice(channel.name, event, state, now, 1, incident.severity, error)
            self._keep(incident, notice)
        return taken

    def _is_full(self, channel: str, now: float) -> bool:
        times = self._times[channel]
        return len(times) >= self._per_hour and now - times[0] < _HOUR.total_seconds()

    def _keep(self, incident: Incident, notice: Notice) -> None:
        """Write what happened beside what else has become of the incident meanwhile."""
        with self._transaction():
            try:
                held = self._incidents.incident(incident.model, incident.id)
            except UnknownIncidentError:
                return
            key = (notice.channel, notice.event)
            before = [n for n in held.notices if (n.channel, n.event) == key]
            others = [n for n in held.notices if (n.channel, n.event) != key]
            attempts = 1 + sum(n.attempts for n in before)
            if notice.state is NoticeState.WAITING and attempts >= MOST_ATTEMPTS:
                notice = replace(notice, state=NoticeState.FAILED)
            notices = [*others, replace(notice, attempts=attempts)]
            self._incidents.save_incident(replace(held, notices=notices))
