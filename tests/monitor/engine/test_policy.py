"""The policy: what asks for a new model, and what holds it back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.core.decisions import Incident, IncidentState, RetrainRequest
from monitor.core.findings import Finding, Measurement, Severity
from monitor.core.ports import Training
from monitor.core.spec import Policy
from monitor.engine.guards import cooldown
from monitor.engine.policy import decide, is_bad
from monitor.engine.situation import Situation

DAY = timedelta(days=1)


@pytest.fixture
def alert(cast):
    def make(detector, hour=5, value=0.5, number=1, version="1", method="how", **evidence):
        return Finding(
            model="m",
            version=version,
            window=cast.hour(hour),
            rows=100,
            detector=detector,
            measured=Measurement(method, value, "x", evidence=evidence),
            threshold=0.1,
            level=None,
            alert=True,
            severity=Severity.WARNING,
            message=f"x: {detector}",
            number=number,
        )

    return make


@pytest.fixture
def situation(cast):
    def make(*alerts, bad=(), labels=5000, **given):
        incident = Incident(
            id="m-1",
            model="m",
            version="1",
            state=IncidentState.OPEN,
            severity=Severity.WARNING,
            title="Data drift in x",
            window=cast.hour(4),
            opened_at=cast.START,
            findings=[f.number for f in alerts],
        )
        ready = {
            "now": cast.START + 10 * DAY,
            "event_time": cast.START + 10 * DAY,
            "training": Training(),
            "incidents": [incident] if alerts else [],
            "new": True,
            **given,
        }
        return Situation("m", labels=lambda: labels, bad=lambda: list(bad), alerts=alerts, **ready)

    return make


@pytest.fixture
def ask(spec):
    def run(situation, policy=Policy.ON_ALERT):
        return decide(replace(spec, retrain=replace(spec.retrain, policy=policy)), situation)

    return run


@pytest.mark.parametrize(
    ("policy", "asking"),
    [
        (Policy.ON_ALERT, {"drift.univariate", "drift.concept", "performance.realized"}),
        (Policy.ON_PERFORMANCE, {"drift.concept", "performance.realized"}),
        (Policy.MANUAL, set()),
    ],
)
def test_a_policy_names_the_alerts_that_ask(ask, situation, alert, policy, asking):
    kinds = [
        "drift.univariate",
        "drift.concept",
        "performance.realized",
        "quality.missing",
        "anomaly.row",
        "resource.latency",
    ]
    for kind in kinds:
        decision, request = ask(situation(alert(kind)), policy)
        assert (request is not None) == (kind in asking) == decision.retrain
        assert decision.reason


def test_a_scheduled_model_is_trained_when_the_cooldown_is_over_and_by_no_alert(
    ask, situation, alert, cast
):
    begun = Training(last_started_at=cast.START)
    soon = cast.START + DAY / 2
    waiting = situation(alert("drift.concept"), training=begun, now=soon, event_time=soon)

    assert ask(waiting, Policy.SCHEDULED) == (None, None)
    decision, request = ask(situation(training=begun), Policy.SCHEDULED)
    assert decision.retrain
    assert request.reason == "the cooldown has passed: scheduled"
    assert request.incident is None


def test_a_request_says_why_since_when_and_without_which_windows(ask, situation, alert, cast):
    changed = "2026-01-01T04:30:00+00:00"
    asking = alert("drift.concept", number=7, changed_at=changed)
    decision, request = ask(situation(asking, bad=[cast.hour(2)]))

    assert request.reason == "Data drift in x"
    assert request.incident == "m-1"
    assert request.changed_at.isoformat() == changed
    assert request.excluded == [cast.hour(2)]
    assert request.event_time == cast.START + 10 * DAY
    assert decision.evidence["alerts"] == [7]
    _, drifted = ask(situation(alert("drift.univariate")))
    assert drifted.changed_at == cast.hour(4).start


@pytest.mark.parametrize(
    ("hindrance", "reason"),
    [
        ({"training": Training(running=True)}, "a run is going"),
        ({"waiting": True}, "waiting already"),
        ({"labels": 999}, "999 labelled rows, 1000 are needed"),
    ],
)
def test_a_guard_holds_the_request_back_and_says_so(ask, situation, alert, hindrance, reason):
    decision, request = ask(situation(alert("drift.concept"), **hindrance))
    assert request is None
    assert not decision.retrain
    assert reason in decision.reason


def test_a_held_back_alert_asks_again_without_being_recorded_each_time(ask, situation, alert):
    later = {"new": False, "labels": 0}
    assert ask(situation(alert("drift.concept"), **later)) == (None, None)
    assert ask(situation(alert("drift.concept"), new=False))[1] is not None
    assert ask(situation(alert("anomaly.row"), new=False)) == (None, None)


def test_the_cooldown_runs_by_the_clock_or_by_event_time(ask, situation, alert, cast):
    now = cast.START + DAY / 2
    begun = Training(last_started_at=cast.START, last_event_at=cast.START)
    live = situation(alert("drift.concept"), now=now, event_time=now, training=begun)
    replay = replace(live, event_time=cast.START + 2 * DAY)

    assert ask(live)[0].reason == "cooldown: 12h of 1d left"
    assert ask(replay)[1] is not None


@pytest.mark.parametrize(("rejected", "days"), [(0, 1), (1, 2), (2, 4), (3, 8), (9, 8)])
def test_the_cooldown_doubles_with_rejections_up_to_eight_times(spec, rejected, days):
    assert cooldown(spec, Training(rejected_in_row=rejected)) == days * DAY


def test_a_rejection_is_named_in_the_reason(ask, situation, alert, cast):
    begun = Training(last_started_at=cast.START + 9 * DAY, rejected_in_row=1)
    decision, _ = ask(situation(alert("drift.concept"), training=begun))
    assert decision.reason == "cooldown after 1 rejections: 1d of 2d left"


def test_a_window_with_bad_data_asks_for_nothing(ask, situation, alert):
    bad = alert("quality.missing", value=0.3, number=2)
    decision, request = ask(situation(alert("performance.realized"), bad))
    assert request is None
    assert "bad" in decision.reason


def test_the_stream_notices_late_so_the_window_before_counts_too(ask, situation, alert):
    bad = alert("quality.type", hour=4, value=0.3, number=2)
    assert ask(situation(alert("drift.concept"), bad))[1] is None
    assert ask(situation(alert("drift.univariate"), bad))[1] is not None


def test_alerts_of_a_retired_version_do_not_count(ask, situation, alert):
    retired = Training(champion="2", retired=frozenset({"1"}))
    decision, request = ask(situation(alert("drift.concept"), training=retired))
    assert request is None
    assert "retired" in decision.reason


def test_bad_is_what_hits_enough_rows_and_is_no_news(alert):
    typo = {"value": "Mail", "count": 30, "suggestion": "Male"}
    news = {"value": "Other", "count": 30, "suggestion": None}

    assert is_bad(alert("quality.type", value=0.02))
    assert not is_bad(alert("quality.type", value=0.005))
    assert is_bad(alert("quality.category", values=[typo]))
    assert not is_bad(alert("quality.category", values=[news]))
    assert not is_bad(alert("quality.schema", method="extra_column", value=1.0))
    assert not is_bad(alert("drift.univariate"))
    assert not is_bad(replace(alert("quality.type"), alert=False))


def test_values_out_of_range_are_damage_only_by_unit_or_very_far_off(ask, situation, alert):
    drifted = alert("quality.range", value=1.0, below=0, above=200)

    assert not is_bad(drifted)
    assert not is_bad(alert("quality.range", value=1.0, far=0.005))
    assert is_bad(alert("quality.range", value=0.03, far=0.02))
    assert is_bad(alert("quality.range", value=1.0, scale=1000.0))
    assert ask(situation(drifted, alert("drift.univariate", number=2)))[1] is not None


def in_episode(cast, retry=0, **more):
    asked = RetrainRequest(
        "m", "drift", cast.START, "m-1", cast.START, cast.START, confirmed=True, episode="m-1"
    )
    asked = replace(asked, retry=retry)
    return Training(last_started_at=cast.START, last_request=asked, **more)


@pytest.mark.parametrize(("retry", "blocks"), [(0, 1), (1, 2), (2, 4), (3, 8)])
def test_an_alarm_opens_an_episode_that_asks_again_after_1_2_4_and_8_blocks(
    ask, situation, cast, retry, blocks
):
    training = in_episode(cast, retry)
    due = cast.START + blocks * DAY
    early = situation(training=training, now=due, event_time=due, new=False)
    late = replace(early, now=due + DAY / 24, event_time=due + DAY / 24)

    assert ask(early) == (None, None)
    decision, request = ask(late)
    assert decision.retrain
    assert (request.episode, request.retry, request.changed_at) == ("m-1", retry + 1, cast.START)
    assert request.confirmed
    assert f"again ({retry + 1} of 4): {blocks} block" in request.reason


def test_an_episode_ends_after_four_retries_and_waits_for_guards(ask, situation, alert, cast):
    over = situation(training=in_episode(cast, 4), new=False)
    assert ask(over) == (None, None)
    assert ask(situation(training=in_episode(cast), labels=10, new=False)) == (None, None)
    assert ask(situation(training=in_episode(cast, running=True), new=False)) == (None, None)
    assert ask(situation(training=in_episode(cast), new=False), Policy.MANUAL) == (None, None)
    _, fresh = ask(situation(alert("drift.concept"), training=in_episode(cast, 3)))
    assert (fresh.episode, fresh.retry) == ("m-1", 0)  # a new alarm begins anew


def test_a_feature_that_stood_still_for_a_while_is_no_damage_and_one_that_is_stuck_is(alert):
    assert not is_bad(alert("quality.constant", value=0.1))
    assert is_bad(alert("quality.constant", value=0.8))
