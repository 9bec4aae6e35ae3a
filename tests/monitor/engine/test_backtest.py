"""Specs tried on history: what they would have said, and that nothing is left behind."""

import copy
import threading
from dataclasses import replace

import pytest

from monitor.core.backtests import Caught, Fault, FaultKind, Question
from monitor.core.errors import QueryError, SpecError, UnavailableError
from monitor.core.spec import AlertSpec
from monitor.core.windows import Window
from monitor.engine import backtest as module
from monitor.engine.backtest import Backtest
from monitor.engine.check import Checker
from monitor.engine.outcomes import caught
from monitor.engine.stream import Streams


@pytest.fixture
def trying(house, cast):
    def make(detectors, streams=None, **options):
        checker = Checker(detectors, None, house.watch)
        return Backtest(house.round([])._ports, checker, Streams(streams or {}), **options)

    return make


def test_alarms_are_counted_by_finding_window_and_incident(house, cast, spec, trying):
    for h in range(20):
        house.predict(cast.hour(h), 40)
    before = copy.deepcopy(house.world)

    (trial,) = trying([cast.Told({1: 0.5, 2: 0.5, 15: 0.5})])("m", Question(spec))

    assert (trial.windows, trial.rows, trial.findings) == (20, 800, 20)
    assert (trial.alerts, trial.alarms, len(trial.incidents)) == (3, 3, 2)
    assert trial.months == pytest.approx(20 / 720)
    assert trial.a_month(trial.alarms) == pytest.approx(3 * 720 / 20)
    assert trial.detectors["drift.univariate"].alerts == 3
    assert trial.detectors["drift.univariate"].seconds > 0
    assert [f.window for f in trial.shown] == [cast.hour(h) for h in (1, 2, 15)]
    assert house.world == before
    assert house.watched == []


def test_two_specs_stand_side_by_side(house, cast, spec, trying):
    for h in range(4):
        house.predict(cast.hour(h), 40)

    class Near(cast.Told):
        def measure(self, *sides):
            yield from (replace(m, p_value=1e-3, value=0.5) for m in super().measure(*sides))

    loose = replace(spec, alerts=AlertSpec(false_alarms_per_month=5000))
    strict, other = trying([Near()])("m", Question(spec, against=loose))

    assert (strict.alerts, other.alerts) == (0, 4)
    assert other.spec is loose


def test_what_needs_actuals_is_judged_too(house, cast, spec, trying):
    rows = [house.predict(cast.hour(h), 40) for h in range(6)]
    house.label([r for hour in rows[:4] for r in hour], "1")
    house.label([r for hour in rows[4:] for r in hour], "0")

    (trial,) = trying([cast.Accuracy()], {"mixture": cast.Jump})("m", Question(spec))

    told = {(f.detector, f.window) for f in trial.shown}
    assert ("performance.realized", cast.hour(4)) in told
    assert ("drift.concept", cast.hour(4)) in told
    assert ("performance.realized", cast.hour(3)) not in told


def test_wrong_actuals_are_seen_and_the_delay_is_told(house, cast, spec, trying):
    rows = [house.predict(cast.hour(h), 40) for h in range(8)]
    house.label([r for hour in rows for r in hour], "1")
    for hour in rows:
        for row in hour[::8]:
            row.actual = "0"
    since = Window(cast.hour(4).start, cast.hour(8).start)
    fault = Fault(FaultKind.WRONG, 0.6, span=since)

    (trial,) = trying([cast.Accuracy()])("m", Question(spec, faults=(fault,)))

    assert trial.alerts == 0
    assert trial.caught == [Caught(fault, ["performance.realized"], cast.HOUR, 1)]
    assert {f.window for f in trial.shown} == {cast.hour(h) for h in range(4, 8)}


def test_a_fault_that_only_it_explains_is_caught(cast, spec, house):
    def alert(hour, feature, detector="drift.univariate"):
        engine = house.round([cast.Told({hour: 0.5})])
        house.predict(cast.hour(hour), 5)
        (found,) = [f for f in engine.check("m", cast.hour(hour)) if f.alert]
        return replace(found, detector=detector, measured=replace(found.measured, feature=feature))

    windows = [cast.hour(h) for h in range(6)]
    fault = Fault(FaultKind.SHIFT, 1, "x", Window(cast.hour(2).start, cast.hour(5).start))
    old, other, own = alert(2, "x"), alert(3, "y"), alert(4, "x")

    assert caught([fault], windows, [old], [old, other]) == [Caught(fault)]
    assert caught([fault], windows, [old], [old, other, own]) == [
        Caught(fault, ["drift.univariate"], 3 * cast.HOUR, 3)
    ]


def test_nothing_to_judge_is_no_trial(house, cast, spec, trying):
    (trial,) = trying([cast.Told()])("m", Question(spec))

    assert (trial.windows, trial.a_month(0)) == (0, None)


def test_a_span_with_too_many_windows_is_refused(house, cast, spec, trying, monkeypatch):
    monkeypatch.setattr(module, "MOST_WINDOWS", 2)
    for h in range(4):
        house.predict(cast.hour(h), 2)

    with pytest.raises(QueryError, match="more than 2 windows"):
        trying([cast.Told()])("m", Question(spec))


def test_only_one_runs_at_a_time_and_the_next_is_told_when_to_come(
    house, cast, spec, trying, monkeypatch
):
    monkeypatch.setattr(module, "_WAIT_SECONDS", 0.05)
    house.predict(cast.hour(0), 2)
    going, go_on = threading.Event(), threading.Event()

    class Slow(cast.Told):
        def measure(self, *sides):
            going.set()
            go_on.wait(10)
            return super().measure(*sides)

    backtest = trying([Slow()])
    first = threading.Thread(target=backtest, args=("m", Question(spec)))
    first.start()
    going.wait(10)
    with pytest.raises(UnavailableError, match="another backtest"):
        backtest("m", Question(spec))
    go_on.set()
    first.join()
    assert backtest("m", Question(spec))[0].windows == 1


def test_a_stop_ends_it(house, cast, spec, trying):
    house.predict(cast.hour(0), 2)

    with pytest.raises(UnavailableError, match="stopping"):
        trying([cast.Told()], stopping=lambda: True)("m", Question(spec))


def test_a_fault_that_the_spec_does_not_know_is_refused(house, cast, spec, trying):
    with pytest.raises(SpecError, match="no feature"):
        trying([])("m", Question(spec, faults=(Fault(FaultKind.SHIFT, 1, "x"),)))
