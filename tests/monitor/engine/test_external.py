"""Alerts of others: one incident with ours, one policy, and no echo of what we said ourselves."""

import threading
from dataclasses import replace

import pytest

from monitor.core.errors import UnknownModelError
from monitor.core.external import ExternalAlert, Sender
from monitor.core.findings import Severity
from monitor.core.ports import Training
from monitor.engine import round as rounds
from monitor.engine.external import External


@pytest.fixture
def alert(cast):
    return ExternalAlert(
        sender=Sender.ALERTMANAGER,
        name="CheckoutErrors",
        model="m",
        firing=True,
        since=cast.hour(2).start,
        severity=Severity.CRITICAL,
        message="one in five fails",
        labels={"alertname": "CheckoutErrors", "model": "m", "shop": "north"},
        links={"generatorURL": "http://prometheus/graph"},
    )


@pytest.fixture
def engine(house, cast):
    return house.round([cast.Told({1: 0.5})])


@pytest.fixture
def external(engine):
    return External(engine._ports, engine.conclude)


def test_a_firing_alert_is_an_incident_at_once_and_asks_for_a_model(house, external, alert):
    (told,) = external([alert])

    (incident,) = house.world.incidents.values()
    assert told.incident == incident.id
    assert (incident.title, incident.severity) == (
        "CheckoutErrors raised from outside",
        Severity.CRITICAL,
    )
    assert incident.causes[0].text == "CheckoutErrors: one in five fails"
    (finding,) = house.world.findings
    assert finding.measured.segment == "shop=north"
    assert finding.measured.evidence["links"] == {"generatorURL": "http://prometheus/graph"}
    (request,) = house.world.requests
    assert request.incident == incident.id


def test_an_alert_sent_again_changes_nothing_and_its_end_ends_the_incident(house, external, alert):
    external([alert])
    before = dict(house.world.incidents)
    external([alert, alert])
    assert house.world.incidents == before
    assert len(house.world.requests) == house.world.numbers == 1

    (told,) = external([replace(alert, firing=False)])
    (incident,) = house.world.incidents.values()
    assert not incident.is_open
    assert "are over" in incident.note
    assert told.incident == incident.id
    assert external([replace(alert, firing=False)])[0].reason == ""
    assert house.world.numbers == 2


def test_what_is_over_before_anybody_told_of_it_leaves_nothing(house, external, alert):
    external([replace(alert, firing=False)])

    assert house.world.findings == []
    assert house.world.incidents == {}


def test_it_meets_what_we_found_ourselves_in_one_incident(house, cast, engine, external, alert):
    for h in range(4):
        house.predict(cast.hour(h), 40)
    engine.tick()
    (told,) = external([alert])

    (incident,) = house.world.incidents.values()
    assert told.incident == incident.id
    assert {c.detector for c in incident.causes} == {"drift.univariate", "external.alertmanager"}


def test_a_check_of_its_window_does_not_take_it_back(house, cast, engine, external, alert):
    for h in range(4):
        house.predict(cast.hour(h), 40)
    external([alert])
    engine.check("m")

    assert [f.alert for f in house.world.findings if f.detector.startswith("external.")] == [True]


def test_what_our_own_rules_say_of_what_we_know_opens_nothing(house, cast, engine, external, alert):
    ours = replace(alert, name="WatchkeeperFinding")
    of_incidents = replace(alert, name="WatchkeeperIncident")
    assert "known" in external([of_incidents])[0].reason
    assert house.world.incidents == {}

    for h in range(4):
        house.predict(cast.hour(h), 40)
    engine.tick()
    known = dict(house.world.incidents)
    assert len(known) == 1
    assert next(iter(known)) in external([ours])[0].reason
    assert house.world.incidents == known


@pytest.mark.parametrize(
    ("policy", "detector", "asks"),
    [
        ("on_alert", "", True),
        ("on_performance", "", False),
        ("on_performance", "performance.realized", True),
        ("on_alert", "quality.missing", False),
        ("manual", "performance.realized", False),
    ],
)
def test_the_policy_decides_by_what_the_alert_is_about(spec, cast, alert, policy, detector, asks):
    house = cast.House(replace(spec, retrain=replace(spec.retrain, policy=policy)))
    engine = house.round([])
    External(engine._ports, engine.conclude)(
        [replace(alert, labels=alert.labels | ({"detector": detector} if detector else {}))]
    )

    assert bool(house.world.requests) is asks
    assert len(house.world.incidents) == 1


def test_it_is_about_the_version_that_it_names_else_the_champion_else_the_newest(
    house, cast, engine, external, alert
):
    named = replace(alert, labels=alert.labels | {"version": "7"})
    external([named, alert])
    house.past = Training(champion="4")
    external([replace(alert, since=cast.hour(500).start)])
    house.past = Training()
    external([replace(alert, since=cast.hour(700).start)])

    assert [f.version for f in house.world.findings] == ["7", "", "4", "4"]


def test_a_model_that_nobody_registered_is_told(house, external, alert):
    known = house.get

    def get(model):
        if model != "m":
            raise UnknownModelError(model, ["m"])
        return known(model)

    house.get = get
    first, second = external([replace(alert, model="n"), alert])

    assert "no model 'n'" in first.reason
    assert second.incident is not None


def test_a_round_that_is_at_the_model_is_not_waited_for(
    house, engine, external, alert, monkeypatch
):
    monkeypatch.setattr(rounds, "PATIENCE_SECONDS", 0.05)
    with engine._alone("m"):
        answers = []
        thread = threading.Thread(target=lambda: answers.extend(external([alert])))
        thread.start()
        thread.join(10)
        assert answers[0].incident is None
        assert len(house.world.findings) == 1
    engine.tick()

    assert len(house.world.incidents) == 1
