"""The round: due windows, restarts, order, and what the routes ask for."""

import pytest

from monitor.core.findings import Measurement


def run_hours(house, cast, count, rows=40):
    return [house.predict(cast.hour(h), rows) for h in range(count)]


def identities(house):
    return [house._identity(f) for f in house.world.findings]


def test_a_window_is_checked_once_it_is_over(house, cast):
    run_hours(house, cast, 3)
    engine = house.round([cast.Told()])

    assert engine.tick() == 2
    assert [f.window for f in house.world.findings] == [cast.hour(0), cast.hour(1)]
    assert engine.tick() == 0


def test_late_rows_make_a_window_due_again_and_replace_its_finding(house, cast):
    run_hours(house, cast, 3)
    engine = house.round([cast.Told()])
    engine.tick()
    house.predict(cast.hour(0), 5)

    assert engine.tick() == 1
    assert len(identities(house)) == len(set(identities(house))) == 2
    assert {f.window: f.rows for f in house.world.findings} == {cast.hour(0): 45, cast.hour(1): 40}
    assert {f.window: f.revised for f in house.world.findings} == {
        cast.hour(0): True,
        cast.hour(1): False,
    }


def test_rows_that_come_while_a_round_runs_wait_for_the_next(house, cast):
    run_hours(house, cast, 3)

    class Late(cast.Told):
        """Rows come into the window that is looked at, each time."""

        def measure(self, *sides):
            house.predict(cast.hour(0), 1)
            return super().measure(*sides)

    engine = house.round([Late()])
    assert engine.tick() == 2
    assert engine.tick() == 1


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_a_crash_before_a_commit_repeats_the_step_and_skips_nothing(spec, cast, caplog, failing):
    def story(fail_at):
        house = cast.House(spec)
        rows = run_hours(house, cast, 4)
        house.label([r for hour in rows for r in hour], "0")
        house.fail_at = fail_at
        for _ in range(2):
            house.round([cast.Told({1: 0.5})], {"mixture": cast.Jump}).tick()
        return house.world

    undisturbed, crashed = story(None), story(failing)

    assert "the disk is full" in caplog.text
    assert crashed == undisturbed
    assert len(undisturbed.requests) == len(undisturbed.decisions) == 1
    assert undisturbed.incidents


def test_a_restart_after_the_commit_repeats_nothing(house, cast):
    rows = run_hours(house, cast, 4)
    house.label(rows[0] + rows[1], "0")
    house.round([cast.Told({1: 0.5})], {"mixture": cast.Jump}).tick()
    told, states = house.world.numbers, house.world.progress["m"].states

    assert house.round([cast.Told({1: 0.5})], {"mixture": cast.Jump}).tick() == 0
    assert house.world.numbers == told
    assert house.world.progress["m"].states == states
    assert len(house.world.incidents) == len(house.world.requests) == 1


def test_a_long_backlog_is_committed_in_parts(house, cast):
    run_hours(house, cast, 121, rows=1)
    assert house.round([cast.Told()]).tick() == 120
    assert house.commits == 3 + 1  # and one for how far the labels came


def test_a_stop_leaves_the_rest_of_the_backlog_for_the_next_start(house, cast):
    run_hours(house, cast, 121, rows=1)
    engine = house.round([cast.Told()], stopping=lambda: house.commits > 0)
    assert engine.tick() == 50
    assert house.round([cast.Told()]).tick() == 70


def test_an_incident_long_over_in_a_backlog_asks_for_nothing(house, cast):
    run_hours(house, cast, 80, rows=1)
    house.round([cast.Told({1: 0.5})]).tick()

    (incident,) = house.world.incidents.values()
    assert not incident.is_open
    assert not house.world.requests


def test_one_model_that_fails_does_not_keep_the_others_waiting(house, cast, caplog):
    run_hours(house, cast, 3)
    known = house.get

    def get(model):
        if model == "broken":
            raise RuntimeError("no spec")
        return known(model)

    house.names, house.get = (lambda: ["broken", "m"]), get

    assert house.round([cast.Told()]).tick() == 2
    assert "the round of model broken failed" in caplog.text


def test_check_covers_every_window_that_starts_in_the_span(house, cast):
    run_hours(house, cast, 4)
    engine = house.round([cast.Told()])
    half = cast.HOUR / 2
    span = type(cast.hour(0))(cast.hour(0).start + half, cast.hour(2).start + half)

    assert [f.window for f in engine.check("m", span)] == [cast.hour(2), cast.hour(1)]
    assert [f.window for f in engine.check("m")] == [cast.hour(h) for h in (3, 2, 1, 0)]


def test_check_of_a_model_or_span_without_rows_finds_nothing(house, cast):
    engine = house.round([cast.Told()])
    assert engine.check("m") == []
    run_hours(house, cast, 2)
    assert engine.check("m", cast.hour(50)) == []


def test_checking_twice_tells_no_alert_twice(house, cast):
    run_hours(house, cast, 3)
    engine = house.round([cast.Told({2: 0.5})])
    first, second = engine.check("m"), engine.check("m")

    assert first == second
    assert len(house.world.incidents) == len(house.world.requests) == 1


def test_check_leads_to_incidents_and_requests_like_a_tick(house, cast):
    run_hours(house, cast, 2)
    house.round([cast.Told({1: 0.5})]).check("m")

    (incident,) = house.world.incidents.values()
    (request,) = house.world.requests
    assert request.incident == incident.id
    assert request.event_time == house.extent("m").end
    assert [d.retrain for d in house.world.decisions] == [True]


def test_performance_is_judged_again_when_labels_have_grown_by_a_quarter(house, cast):
    rows = house.predict(cast.hour(0), 100)
    house.predict(cast.hour(1), 1)
    engine = house.round([cast.Accuracy()])
    engine.tick()
    seen = []
    for upto in (20, 32, 38, 41, 100):
        house.label([r for r in rows[:upto] if r.labelled is None], "0")
        engine.tick()
        seen.append([f.measured.evidence["labelled"] for f in house.world.findings])

    assert seen == [[], [32], [32], [41], [100]]
    assert house.world.findings[0].alert
    assert house.world.findings[0].rows == 100


def test_check_judges_performance_too(house, cast):
    house.label(house.predict(cast.hour(0), 100), "0")
    (finding,) = house.round([cast.Accuracy()]).check("m")
    assert finding.alert


def test_check_of_a_long_span_is_committed_in_parts(house, cast):
    run_hours(house, cast, 60, rows=1)
    assert len(house.round([cast.Told()]).check("m")) == 60
    assert house.commits == 2 + 1


def test_a_stopping_engine_starts_no_model(house, cast):
    run_hours(house, cast, 3)
    assert house.round([cast.Told()], stopping=lambda: True).tick() == 0


def test_a_fallen_kpi_and_a_jump_of_the_loss_are_one_incident(house, cast):
    rows = house.predict(cast.hour(0), 100)
    house.predict(cast.hour(1), 1)
    engine = house.round([cast.Accuracy()], {"mixture": cast.Jump})
    house.label(rows, "0")
    engine.tick()

    (incident,) = house.world.incidents.values()
    assert incident.title == "Features relate otherwise to the actual; accuracy got worse"
    assert [c.detector for c in incident.causes] == ["drift.concept"]
    (request,) = house.world.requests
    assert request.changed_at == rows[4].timestamp


def test_performance_shows_each_window_with_its_label_coverage(house, cast):
    rows = house.predict(cast.hour(0), 10)
    house.predict(cast.hour(2), 5)
    house.label(rows[:4], "0")

    items = house.round([]).performance("m")

    assert [(i["window"]["rows"], i["label_coverage"]) for i in items] == [(10, 0.4), (5, 0.0)]
    assert items[0]["realized"] == {"accuracy": {"value": 0.0, "low": 0.0, "high": 1.0}}
    assert items[1]["realized"] == {}
    assert items[0]["window"]["start"] == "2026-01-01T00:00:00+00:00"
    assert house.round([]).performance("m", cast.hour(1)) == []
    assert house.round([]).performance("m", cast.hour(50)) == []


def test_an_alert_that_is_no_longer_measured_is_taken_back_and_ends_its_incident(house, cast):
    run_hours(house, cast, 3)
    house.round([cast.Told({1: 0.5})]).check("m")
    found = house.round([]).check("m")

    assert [(f.window, f.alert, f.severity) for f in found if f.measured.value] == [
        (cast.hour(1), False, "info")
    ]
    assert found[1].message == "x: no longer measured"
    (incident,) = house.world.incidents.values()
    assert not incident.is_open
    assert house.round([]).check("m") == found


def test_alerts_stay_of_detectors_that_fail_and_of_those_that_need_labels(house, cast):
    class Raises(cast.Told):
        """Has no verdict any more."""

        def measure(self, spec, window, reference, current):
            raise RuntimeError("no luck")

    house.label(house.predict(cast.hour(0), 100), "0")
    first = house.round([cast.Told({0: 0.5}), cast.Accuracy()], {"mixture": cast.Jump}).check("m")
    again = house.round([Raises()]).check("m")

    assert sum(f.alert for f in first) == 3
    assert again == first


def test_an_alert_of_a_window_that_was_not_checked_stays(house, cast):
    run_hours(house, cast, 3)
    house.round([cast.Told({0: 0.5, 1: 0.5})]).check("m")
    house.round([]).check("m", cast.hour(1))

    assert [f.window for f in house.world.findings if f.alert] == [cast.hour(0)]


def test_performance_shows_what_was_estimated_and_estimates_what_was_not_checked(house, cast):
    class Estimated(cast.Told):
        """Says 0.8 where it is asked."""

        name = "performance.estimated"

        def measure(self, *sides):
            yield Measurement("roc_auc", 0.8, low=0.7, high=0.9)

    house.predict(cast.hour(0), 10)
    house.predict(cast.hour(1), 10)
    asked = []

    def estimate(spec, reference, window):
        asked.append(window.rows)
        return {}, "the reference has no rows"

    engine = house.round([Estimated()], estimate=estimate)
    engine.tick()
    first, second = engine.performance("m")

    assert first["estimated"] == {"roc_auc": {"value": 0.8, "low": 0.7, "high": 0.9}}
    assert first["refusal"] is None
    assert (second["estimated"], second["refusal"]) == ({}, "the reference has no rows")
    assert len(asked) == 1


def test_a_refusal_is_shown_with_its_reason(house, cast):
    class Refusing(cast.Told):
        """Estimates nothing."""

        name = "performance.estimated"

        def measure(self, *sides):
            yield Measurement("refusal", 1.0, p_value=1.0, evidence={"reason": "no scores"})

    house.predict(cast.hour(0), 10)
    house.predict(cast.hour(1), 10)
    engine = house.round([Refusing()])
    engine.tick()
    first, second = engine.performance("m")

    assert (first["estimated"], first["refusal"]) == ({}, "no scores")
    assert (second["estimated"], second["refusal"]) == ({}, None)
    (finding,) = house.world.findings
    assert not finding.alert
    assert finding.message == "refusal: nothing is estimated: no scores"
