"""Incidents: what belongs together, why, and when it is over."""

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.core.decisions import IncidentState
from monitor.core.findings import Finding, Measurement, Severity
from monitor.core.ports import Training
from monitor.engine.incidents import NUMBERS, QUIET, causes, gather, settle, title


@pytest.fixture
def finding(cast):
    def make(hour=0, detector="drift.univariate", feature="x", value=0.5, number=1, **given):
        measured = Measurement("how", value, feature, expected=given.pop("expected", None))
        return Finding(
            model="m",
            version=given.pop("version", "1"),
            window=cast.hour(hour),
            rows=100,
            detector=detector,
            measured=measured,
            threshold=given.pop("threshold", 0.1),
            level=None,
            alert=given.pop("alert", True),
            severity=given.pop("severity", Severity.WARNING),
            message=f"{feature}: {detector}",
            number=number,
        )

    return make


def nothing(incident):
    return []


def opened(spec, cast, *alerts):
    (incident,) = gather(spec, alerts, [], nothing, cast.START)
    return incident


def test_alerts_near_in_time_are_one_incident(spec, cast, finding):
    alerts = [finding(0, number=1), finding(4, number=2), finding(1, number=3, feature="y")]
    (incident,) = gather(spec, alerts, [], nothing, cast.START)

    assert (incident.window.start, incident.window.end) == (cast.hour(0).start, cast.hour(4).end)
    assert incident.findings == [1, 2, 3]
    assert incident.title == "Data drift in x and y"
    assert incident.state is IncidentState.OPEN


@pytest.mark.parametrize("other", [{"hour": 5}, {"version": "2"}])
def test_alerts_far_off_or_of_another_version_are_another_incident(spec, cast, finding, other):
    alerts = [finding(0, number=1), finding(**{"hour": 0, "number": 2, **other})]
    assert len(gather(spec, alerts, [], nothing, cast.START)) == 2


def test_a_new_alert_joins_the_open_incident_and_raises_its_severity(spec, cast, finding):
    first = finding(0, number=1)
    incident = opened(spec, cast, first)
    acknowledged = replace(incident, state=IncidentState.ACKNOWLEDGED)
    worse = finding(2, number=2, feature="y", severity=Severity.CRITICAL)
    (joined,) = gather(spec, [worse], [acknowledged], lambda i: [first], cast.START + cast.HOUR)

    assert joined.id == incident.id
    assert joined.state is IncidentState.ACKNOWLEDGED
    assert joined.severity is Severity.CRITICAL
    assert joined.opened_at == cast.START
    assert joined.findings == [1, 2]
    assert {c.feature for c in joined.causes} == {"x", "y"}


def test_a_resolved_incident_takes_no_more_alerts(spec, cast, finding):
    closed = replace(opened(spec, cast, finding(0)), state=IncidentState.RESOLVED)
    (new,) = gather(spec, [finding(0, number=9)], [closed], nothing, cast.START)
    assert new.id != closed.id


def test_the_same_alerts_give_the_same_incident_again(spec, cast, finding):
    alerts = [finding(0, number=4), finding(1, number=2)]
    assert opened(spec, cast, *alerts) == opened(spec, cast, *reversed(alerts))


def test_an_incident_keeps_a_bounded_number_of_findings(spec, cast, finding):
    many = [finding(0, number=n) for n in range(1, NUMBERS + 50)]
    assert len(opened(spec, cast, *many).findings) == NUMBERS


def test_bad_values_explain_drift_of_the_same_feature(finding):
    ranked = causes(
        [
            finding(feature="x", value=5.0),
            finding(feature="y", value=0.3),
            finding(detector="quality.missing", feature="x", value=0.2),
        ]
    )
    assert [(c.detector, c.feature) for c in ranked] == [
        ("quality.missing", "x"),
        ("drift.univariate", "y"),
        ("drift.univariate", "x"),
    ]


def test_stronger_drift_is_the_likelier_cause(finding):
    ranked = causes([finding(feature="x", value=0.2), finding(feature="y", value=0.9)])
    assert [c.feature for c in ranked] == ["y", "x"]
    assert all(0 < c.weight < 1 for c in ranked)


def test_a_cause_is_named_once_with_its_strongest_alert(finding):
    (cause,) = causes([finding(0, value=0.2), finding(1, value=0.9), finding(2, value=0.3)])
    assert cause.weight == pytest.approx(0.8 * (1 - 0.5 * 0.1 / 0.9), abs=1e-3)


def test_a_fallen_kpi_is_a_symptom_and_named_last(finding):
    alerts = [
        finding(detector="performance.realized", feature=None, value=0.6),
        finding(detector="drift.concept", feature=None, threshold=None, expected=0.1),
        finding(detector="drift.prediction", feature=None),
        finding(detector="some.thing", feature=None),
    ]
    assert [c.detector for c in causes(alerts)] == ["drift.concept", "drift.prediction"]
    assert title(alerts) == (
        "Features relate otherwise to the actual; the model answers otherwise; how got worse; "
        "alerts of some"
    )


def over(incident, alerts, newer, **training):
    return settle(incident, alerts, newer, Training(**training), incident.opened_at)


def test_an_incident_is_over_after_enough_quiet_windows(spec, cast, finding):
    alert = finding(0)
    incident = opened(spec, cast, alert)
    quiet = [finding(h, alert=False, value=0.0) for h in range(1, QUIET + 1)]

    assert over(incident, [alert], quiet[:-1]) is None
    assert over(incident, [alert], [*quiet[:-1], finding(QUIET, feature="y")]) is None
    resolved = over(incident, [alert], quiet)
    assert resolved is not None
    assert not resolved.is_open
    assert resolved.resolved_at == cast.START


def test_an_alert_of_another_incident_does_not_keep_one_open(spec, cast, finding):
    first, second = finding(0, number=1), finding(5, number=6)
    quiet = [finding(h, alert=False, value=0.0) for h in (1, 2, 3, 4, 6, 7, 8)]
    stored = [first, *quiet, second]

    def ends(incident, upto):
        newer = [f for f in stored if incident.window.end <= f.window.start < cast.hour(upto).start]
        alerts = [f for f in (first, second) if f.window == incident.window]
        return over(incident, alerts, newer) is not None

    one, two = gather(spec, [first, second], [], nothing, cast.START)
    assert [ends(one, upto) for upto in (3, 4, 6, 9)] == [False, True, True, True]
    assert [ends(two, upto) for upto in (6, 8, 9)] == [False, False, True]


def test_a_window_that_alerts_far_off_is_not_a_quiet_one(spec, cast, finding):
    alert = finding(0)
    loud = [finding(h, feature=x, alert=x == "y") for h in range(5, 20) for x in ("x", "y")]
    assert over(opened(spec, cast, alert), [alert], loud) is None


def test_silence_for_lack_of_data_ends_no_incident(spec, cast, finding):
    alert = finding(0, detector="performance.realized", feature=None)
    others = [finding(h, alert=False) for h in range(1, 9)]
    assert over(opened(spec, cast, alert), [alert], others) is None


def test_any_look_at_quality_ends_an_incident_of_quality(spec, cast, finding):
    alert = finding(0, detector="quality.schema")
    quiet = [finding(h, detector="quality.missing", alert=False) for h in range(1, QUIET + 1)]
    assert over(opened(spec, cast, alert), [alert], quiet)


def test_concept_drift_is_over_only_when_the_loss_has_fallen_back(spec, cast, finding):
    def level(hour, value, **given):
        given = {"detector": "drift.concept", "feature": None, "threshold": None, **given}
        return finding(hour, value=value, **given)

    alarm = level(0, 0.5, expected=0.1)
    incident = opened(spec, cast, alarm)
    high = [level(h, 0.4, alert=False, expected=0.4) for h in range(1, 9)]
    low = [level(h, 0.2, alert=False, expected=0.2) for h in range(1, QUIET + 1)]

    assert over(incident, [alarm], high) is None
    assert over(incident, [alarm], low)


def test_an_incident_is_over_when_the_champion_has_changed_since(spec, cast, finding):
    incident = opened(spec, cast, finding(0))
    later = incident.opened_at + timedelta(minutes=1)
    resolved = over(incident, [finding(0)], [], champion="2", promoted_at=later)

    assert resolved is not None
    assert resolved.note == "version 2 has taken over"
    assert over(incident, [finding(0)], [], champion="1", promoted_at=later) is None
    before = incident.opened_at - timedelta(minutes=1)
    assert over(incident, [finding(0)], [], champion="2", promoted_at=before) is None


def test_an_incident_whose_alerts_were_taken_back_is_over(spec, cast, finding):
    resolved = over(opened(spec, cast, finding(0)), [], [])
    assert resolved is not None
    assert "show nothing" in resolved.note
