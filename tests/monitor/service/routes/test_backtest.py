"""The backtest route: what it reads, and how it answers."""

from datetime import timedelta

import pytest

from monitor.core.backtests import Caught, Fault, FaultKind, Tally, Trial
from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Window
from monitor.service.trial_schemas import BacktestAnswer

PATH = "/v1/models/loans/backtest"


@pytest.fixture
def trials(house, make):
    found = [make["finding"](n) for n in range(1, 4)]
    window = found[0].window
    fault = Fault(FaultKind.SHIFT, 0.5, "age", Window(window.start, window.end))
    house.trials = [
        Trial(
            ModelSpec(Task.BINARY),
            window,
            windows=360,
            rows=9000,
            findings=720,
            alerts=3,
            alarms=2,
            incidents=["Data drift in age"],
            detectors={"drift.univariate": Tally(720, 3, 1, 0.25)},
            shown=found,
            caught=[Caught(fault, ["drift.univariate"], timedelta(hours=2), 2), Caught(fault)],
            seconds=1.5,
        )
    ]
    return house.trials


def test_a_spec_is_tried_and_its_alerts_are_given_newest_first(house, trials):
    answer = house.post(PATH, json={"spec": {"alerts": {"false_alarms_per_month": 3}}}).json()

    BacktestAnswer.model_validate(answer)
    assert [f["id"] for f in answer["items"]] == [3, 2, 1]
    told = answer["spec"]
    assert (told["months"], told["alarms_per_month"], told["incidents_per_month"]) == (0.5, 4, 2)
    assert told["detectors"][0]["failures"] == 1
    assert [f["seen"] for f in told["faults"]] == [True, False]
    assert told["faults"][0]["delay_seconds"] == 7200
    assert answer["against"] is None
    (question,) = house.tried
    assert question.spec.alerts.false_alarms_per_month == 3
    assert question.spec.task is Task.BINARY


def test_what_is_not_said_is_what_holds_now(house, trials):
    trials.append(Trial(ModelSpec(Task.BINARY)))
    answer = house.post(PATH, json={"against": "current", "from": "2026-03-01T12:00:00Z"}).json()

    BacktestAnswer.model_validate(answer)
    assert answer["against"]["alarms_per_month"] is None
    (question,) = house.tried
    assert question.spec == question.against == house.specs.get("loans")
    assert question.span.start.isoformat() == "2026-03-01T12:00:00+00:00"


def test_faults_are_read(house, trials):
    fault = {"kind": "missing", "feature": "age", "size": 0.2, "from": 1772366400000}
    assert (
        house.post(PATH, json={"faults": [fault, {"kind": "wrong", "size": 1}]}).status_code == 200
    )

    first, second = house.tried[0].faults
    assert (first.kind, first.feature, first.size) == (FaultKind.MISSING, "age", 0.2)
    assert first.span.start.isoformat() == "2026-03-01T12:00:00+00:00"
    assert second == Fault(FaultKind.WRONG, 1.0)


def test_more_alerts_than_an_answer_holds_are_counted(house, trials, monkeypatch):
    monkeypatch.setattr("monitor.service.backtest_wire.SHOWN", 2)
    answer = house.post(PATH).json()

    assert (len(answer["items"]), answer["more"]) == (2, 1)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"spce": {}}, 422, "did you mean 'spec'"),
        ({"spec": {"windw": {}}}, 422, "spec: "),
        ({"spec": 3}, 422, "must be an object"),
        ({"against": "before"}, 422, "against: "),
        ({"from": "soon"}, 400, "from"),
        ({"faults": {}}, 400, "array"),
        ({"faults": [3]}, 422, "faults.0"),
        ({"faults": [{"kind": "shfit", "size": 1}]}, 422, "did you mean 'shift'"),
        ({"faults": [{"kind": "shift", "size": "1"}]}, 422, "size: must be a number"),
        ({"faults": [{"kind": "shift", "size": True}]}, 422, "size: must be a number"),
        ({"faults": [{"kind": "shift", "size": 1, "feature": 3}]}, 422, "must be text"),
        ({"faults": [{"kind": "shift", "szie": 1}]}, 422, "did you mean 'size'"),
        ({"faults": [{"kind": "wrong", "size": 1}] * 21}, 400, "up to 20"),
        ([], 400, "must be an object"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(
    house, trials, problem_of, body, status, said
):
    assert said in problem_of(house.post(PATH, json=body), status)
    assert house.tried == []
