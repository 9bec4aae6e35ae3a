"""Rows judged without being stored."""

from monitor.core.verdicts import Problem, RowVerdict
from monitor.service.row_schemas import ScoreAnswer

SCORE = "/v1/models/loans/score"
ROWS = [{"prediction_id": "a", "features": {"age": 41}}, {"features": {"age": -1}}]
BAD = RowVerdict(
    4.0, 0.0005, ["age"], [Problem("age", "quality.range", "-1 lies outside 0 to any")]
)


def test_every_row_gets_a_verdict_and_none_is_stored(house):
    house.verdicts = [RowVerdict(0.5, 0.4, ["age"]), BAD]

    answer = house.post(SCORE, json=ROWS).json()

    ScoreAnswer.model_validate(answer)
    first, second = answer["items"]
    assert first == {
        "prediction_id": "a",
        "anomaly": False,
        "score": 0.5,
        "p_value": 0.4,
        "features": ["age"],
        "problems": [],
    }
    assert (second["anomaly"], second["prediction_id"]) == (True, None)
    assert second["problems"][0]["detector"] == "quality.range"
    assert house.log.bodies == []


def test_the_level_may_be_chosen(house, problem_of):
    house.verdicts = [BAD]

    strict = house.post(f"{SCORE}?level=0.0001", json=ROWS[:1]).json()

    assert strict["items"][0]["anomaly"] is False
    problem_of(house.post(f"{SCORE}?level=2", json=ROWS[:1]), 400)


def test_what_cannot_be_judged_is_refused(house, problem_of):
    problem_of(house.post(SCORE, json=ROWS), 409)
    house.verdicts = [BAD]
    problem_of(house.post("/v1/models/nobody/score", json=ROWS), 404)
    problem_of(house.post(SCORE, json=[{"features": {}}, {"no": 1}]), 400)
    problem_of(house.post(SCORE, json=[{"features": {"a": 1}}] * 10_001), 400)
