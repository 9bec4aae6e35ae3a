"""What is to be told of an incident, and when: each event once a channel, failures again later."""

from datetime import datetime, timedelta

from monitor.core.decisions import Incident, Notice, NoticeState
from monitor.core.findings import Severity

MOST_ATTEMPTS = 10
_FIRST, _LONGEST = timedelta(seconds=10), timedelta(hours=1)


def due(incident: Incident, channel: str, now: datetime) -> str | None:
    """The event that a channel is to be told of now; None where there is none.

    `opened`, `reopened N`, `critical` where it became so later, and `resolved N`, N counting how
    often it came back. What was over before anybody told of it stays untold, and so does what is
    muted as long as that lasts.
    """
    if incident.is_muted(now):
        return None
    told = {n.event: n for n in incident.notices if n.channel == channel}
    began = f"reopened {incident.reopened}" if incident.reopened else "opened"
    if not incident.is_open:
        known = told.get(began)
        over = f"resolved {incident.reopened}"
        is_known = known is not None and known.state is NoticeState.SENT
        return over if is_known and _again(told.get(over), now) else None
    if began not in told or told[began].state is not NoticeState.SENT:
        return began if _again(told.get(began), now) else None
    worse = incident.severity is Severity.CRITICAL and told[began].severity is Severity.WARNING
    return "critical" if worse and _again(told.get("critical"), now) else None


def wait(attempts: int) -> timedelta:
    """How long to wait after so many attempts: 10 seconds, doubled each time, an hour at most.

    >>> str(wait(1)), str(wait(3)), str(wait(20))
    ('0:00:10', '0:00:40', '1:00:00')
    """
    return min(_LONGEST, _FIRST * (1 << min(attempts - 1, 12)))


def _again(notice: Notice | None, now: datetime) -> bool:
    """Whether it was never tried, or failed and is to be tried again by now."""
    if notice is None:
        return True
    return notice.state is NoticeState.WAITING and now >= notice.at + wait(notice.attempts)
