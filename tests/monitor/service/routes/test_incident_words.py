"""What people say of incidents, and what that leaves of the budget."""

from datetime import timedelta

import pytest

from monitor.service import judgement_schemas
from monitor.service.schemas import BudgetAnswer

LOANS = "/v1/models/loans"
INCIDENT = f"{LOANS}/incidents/i1"
OPEN = 'watchkeeper_incidents_open{model="loans",severity="warning"}'


@pytest.fixture
def known(house, make):
    house.judged.save_incident(make["incident"]())
    return house


def open_now(house):
    return next(ln for ln in house.get("/metrics").text.splitlines() if ln.startswith(OPEN))


def test_a_muted_incident_is_open_and_not_told(known):
    noon = known.rooms.clock()
    until = (noon + timedelta(hours=1)).isoformat()
    assert open_now(known).endswith(" 1.0")

    muted = known.post(f"{INCIDENT}/mute", json={"until": until}).json()
    judgement_schemas.IncidentAnswer.model_validate(muted)
    assert muted["muted_until"] == "2026-03-01T13:00:00Z"
    assert muted["state"] == "open"
    assert open_now(known).endswith(" 0.0")

    known.post(f"{INCIDENT}/mute", json={"until": noon.isoformat()})
    assert open_now(known).endswith(" 1.0")
    assert known.post(f"{INCIDENT}/mute").json()["muted_until"] is None


def test_feedback_is_kept_and_can_be_taken_back(known):
    said = {"false_alarm": True, "note": "month's end"}
    answer = known.post(f"{INCIDENT}/feedback", json=said).json()
    judgement_schemas.IncidentAnswer.model_validate(answer)
    assert (answer["false_alarm"], answer["note"]) == (True, "month's end")
    answer = known.post(f"{INCIDENT}/feedback", json={"false_alarm": None}).json()
    assert (answer["false_alarm"], answer["note"]) == (None, "month's end")


def test_what_makes_no_sense_is_refused(known, problem_of):
    problem_of(known.post(f"{INCIDENT}/mute", json={"until": "soon"}), 400)
    problem_of(known.post(f"{INCIDENT}/mute", json={"til": 3}), 422)
    problem_of(known.post(f"{INCIDENT}/feedback", json={"false_alarm": "yes"}), 400)
    problem_of(known.post(f"{INCIDENT}/feedback", json={"false_alarm": True, "note": 3}), 400)
    for word in ("mute", "feedback"):
        problem_of(known.post(f"{LOANS}/incidents/i2/{word}"), 404)


def test_the_budget_is_told(house, problem_of):
    answer = house.get(f"{LOANS}/budget").json()

    BudgetAnswer.model_validate(answer)
    assert answer["expected"] == 0.25
    problem_of(house.get("/v1/models/nobody/budget"), 404)
