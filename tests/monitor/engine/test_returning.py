"""Incidents come back as what they were, and a whole feed that breaks is one incident."""

from dataclasses import replace

import pytest

from monitor.core.decisions import IncidentState
from monitor.core.detector import ProfileDetector
from monitor.core.findings import Measurement
from monitor.engine.spending import spending

FEATURES = 40


def played(house, cast, alarms, hours):
    for h in range(hours):
        house.predict(cast.hour(h), 20)
    engine = house.round([cast.Told(alarms)])
    engine.tick()
    return engine


def incidents(house):
    return sorted(house.world.incidents.values(), key=lambda i: i.window.start)


def on(house, cast, engine, hours):
    """One hour after the other, as they come."""
    for h in hours:
        house.predict(cast.hour(h), 20)
        engine.tick()


def test_the_same_alert_soon_after_the_end_opens_the_old_incident(house, cast):
    engine = played(house, cast, {2: 0.5, 14: 0.5}, 10)
    (first,) = incidents(house)
    assert first.state is IncidentState.RESOLVED

    on(house, cast, engine, range(10, 16))
    (again,) = incidents(house)
    assert (again.id, again.reopened, again.is_open) == (first.id, 1, True)
    assert (again.resolved_at, again.window.end) == (None, cast.hour(14).end)
    assert len(again.findings) == 2

    on(house, cast, engine, range(16, 20))
    (over,) = incidents(house)
    assert (over.state, over.reopened) == (IncidentState.RESOLVED, 1)


def test_one_that_returns_late_or_that_was_a_false_alarm_is_a_new_one(house, cast):
    engine = played(house, cast, {2: 0.5, 14: 0.5, 60: 0.5}, 10)
    (first,) = incidents(house)
    house.world.incidents[first.id] = replace(first, false_alarm=True)
    on(house, cast, engine, range(10, 63))

    assert [i.reopened for i in incidents(house)] == [0, 0, 0]
    assert [i.window.start for i in incidents(house)] == [cast.hour(h).start for h in (2, 14, 60)]


def test_another_alert_is_no_return(house, cast):
    engine = played(house, cast, {2: 0.5}, 10)

    class Other(cast.Told):
        def measure(self, *sides):
            yield from (replace(m, feature="y") for m in super().measure(*sides))

    engine = house.round([Other({12: 0.5})])
    on(house, cast, engine, range(10, 14))

    assert [i.reopened for i in incidents(house)] == [0, 0]


class Broken(ProfileDetector):
    """Every feature of a feed is missing from hour 3 on."""

    name = "quality.missing"

    def __init__(self, start):
        self.start = start

    def measure(self, spec, window, reference, current):
        for i in range(FEATURES):
            hit = window.start >= self.start
            yield Measurement(
                "share", float(hit), f"f{i}", expected=0.0, p_value=0.0 if hit else None
            )


def test_a_whole_feed_that_breaks_is_one_incident(house, cast):
    for h in range(8):
        house.predict(cast.hour(h), 20)
    house.round([Broken(cast.hour(3).start), cast.Told({4: 0.9, 5: 0.9})]).tick()

    (incident,) = incidents(house)
    assert incident.window.start == cast.hour(3).start
    assert incident.title.startswith("Bad data in f0, f1, f2 and 37 more")
    assert incident.causes[0].detector == "quality.missing"


def test_the_budget_counts_what_was_expected_and_what_people_called_false(house, cast, spec):
    engine = played(house, cast, {2: 0.5, 40: 0.5}, 45)
    ports = engine._ports
    first, _ = incidents(house)
    house.world.incidents[first.id] = replace(first, false_alarm=True)

    told = spending(ports, "m")

    assert (told["tests"], told["alerts"], told["incidents"]) == (44, 2, 2)
    assert (told["spent"], told["unjudged"], told["left"]) == (1, 1, 0.0)
    level = house.world.findings[0].level
    assert told["expected"] == pytest.approx(44 * level)
    assert told["expected"] <= spec.alerts.false_alarms_per_month * 44 / 720


def test_a_model_without_rows_has_all_of_its_budget(house):
    told = spending(house.round([])._ports, "m")

    assert (told["from"], told["left"], told["expected"]) == (None, 1.0, 0.0)
