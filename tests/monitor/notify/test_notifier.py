"""Each event is told once; failures are tried again, and everything that happened is kept."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.core.decisions import Incident, IncidentState, NoticeState
from monitor.core.errors import DiskError, UnknownIncidentError
from monitor.core.findings import Severity
from monitor.core.windows import Window
from monitor.notify.channels import Channel, DeliveryError
from monitor.notify.due import MOST_ATTEMPTS
from monitor.notify.notifier import Notifier
from monitor.notify.told import channels
from monitor.settings import Settings, load

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Log:
    def __init__(self):
        self.kept = {}

    def save_incident(self, incident):
        self.kept[incident.id] = incident

    def incident(self, model, incident):
        if incident not in self.kept:
            raise UnknownIncidentError(model, incident)
        return self.kept[incident]

    def incidents(self, model=None, *, only_open=False):
        return list(self.kept.values())


class Ear(Channel):
    name = "ear"

    def __init__(self):
        self.heard = []
        self.failures = []

    def tell(self, incident, event, now):
        if self.failures:
            raise self.failures.pop(0)
        self.heard.append((incident.id, event))


class World:
    def __init__(self, per_hour=100):
        self.now = NOON
        self.log, self.ear = Log(), Ear()
        self.notifier = Notifier(self.log, nullcontext, [self.ear], lambda: self.now, per_hour)

    def open(self, name="i1", severity=Severity.WARNING):
        window = Window(NOON, NOON + timedelta(hours=1))
        made = Incident(name, "m", "1", IncidentState.OPEN, severity, "t", window, NOON)
        self.log.save_incident(made)

    def change(self, name="i1", **parts):
        self.log.save_incident(replace(self.log.kept[name], **parts))

    def after(self, **span):
        self.now += timedelta(**span)
        return self.notifier.tick()


@pytest.fixture
def world():
    return World()


def test_each_event_of_a_life_is_told_once(world):
    world.open()
    for _ in range(3):
        world.after(seconds=2)
    world.change(severity=Severity.CRITICAL)
    world.after(seconds=2)
    world.change(state=IncidentState.ACKNOWLEDGED)
    world.after(seconds=2)
    world.change(state=IncidentState.RESOLVED)
    for _ in range(2):
        world.after(seconds=2)
    world.change(state=IncidentState.OPEN, reopened=1)
    world.after(seconds=2)
    world.change(state=IncidentState.RESOLVED)
    world.after(seconds=2)

    assert [event for _, event in world.ear.heard] == [
        "opened",
        "critical",
        "resolved 0",
        "reopened 1",
        "resolved 1",
    ]
    notices = world.log.kept["i1"].notices
    assert {n.state for n in notices} == {NoticeState.SENT}
    assert len(notices) == 5


def test_what_was_over_before_anybody_was_told_stays_untold(world):
    world.open()
    world.change(state=IncidentState.RESOLVED)

    assert world.after(seconds=2) == 0
    assert world.log.kept["i1"].notices == ()


def test_what_is_muted_is_told_when_that_is_over(world):
    world.open()
    world.change(muted_until=NOON + timedelta(minutes=10))

    assert world.after(minutes=5) == 0
    assert world.after(minutes=5) == 1


def test_a_failure_that_may_pass_is_tried_again_ever_later(world):
    world.open()
    world.ear.failures = [DeliveryError("away", passing=True)] * 2
    assert world.after(seconds=1) == 0
    (notice,) = world.log.kept["i1"].notices
    assert (notice.state, notice.attempts, notice.error) == (NoticeState.WAITING, 1, "away")

    assert [world.after(seconds=s) for s in (5, 4, 1)] == [0, 0, 0]
    assert world.log.kept["i1"].notices[0].attempts == 2
    assert [world.after(seconds=s) for s in (19, 1)] == [0, 1]
    (notice,) = world.log.kept["i1"].notices
    assert (notice.state, notice.attempts, notice.error) == (NoticeState.SENT, 3, "")


def test_it_is_given_up_after_many_attempts_or_at_once_where_none_would_help(world):
    world.open("i1")
    world.ear.failures = [DeliveryError("away", passing=True)] * 100
    for _ in range(2 * MOST_ATTEMPTS):
        world.after(hours=2)
    (notice,) = world.log.kept["i1"].notices
    assert (notice.state, notice.attempts) == (NoticeState.FAILED, MOST_ATTEMPTS)

    world.open("i2")
    world.ear.failures = [DeliveryError("gone", passing=False)]
    world.after(hours=2)
    world.after(hours=2)
    (notice,) = world.log.kept["i2"].notices
    assert (notice.state, notice.attempts) == (NoticeState.FAILED, 1)
    assert world.ear.heard == []


def test_no_channel_is_flooded():
    world = World(per_hour=3)
    for i in range(5):
        world.open(f"i{i}")

    assert [world.after(minutes=m) for m in (1, 30, 31, 60)] == [3, 0, 2, 0]


def test_what_became_of_the_incident_meanwhile_is_kept(world):
    world.open()
    tell = world.ear.tell

    def slow(incident, event, now):
        world.change(note="somebody wrote this")
        tell(incident, event, now)

    world.ear.tell = slow
    world.after(seconds=1)
    assert world.log.kept["i1"].note == "somebody wrote this"
    assert len(world.log.kept["i1"].notices) == 1


def test_an_incident_that_is_gone_and_a_disk_that_is_full_end_nothing(world, caplog):
    world.open()
    world.ear.tell = lambda *_: world.log.kept.clear()
    assert world.after(seconds=1) == 1

    def full(*_, **__):
        raise DiskError("no space")

    world.log.incidents = full
    assert world.after(seconds=1) == 0
    world.log.incidents = lambda *_, **__: 1 / 0
    assert world.after(seconds=1) == 0
    assert "nobody is told now" in caplog.text
    assert "will be repeated" in caplog.text


def test_the_settings_name_the_channels():
    said = {
        "notify_webhook": "https://a/b",
        "notify_slack": "https://c",
        "notify_smtp": "[::1]:25",
        "notify_to": "x@y, z@y",
    }
    settings = load(flags=said)
    fields = {name: getattr(settings, name) for name in Settings.__slots__}
    webhook, slack, email = channels(fields)

    assert (webhook.name, slack.name, email.name) == ("webhook", "slack", "email")
    assert (email.host, email.port, email.to) == ("::1", 25, ("x@y", "z@y"))
    empty = load()
    assert channels({name: getattr(empty, name) for name in Settings.__slots__}) == []
