"""Runs, versions, and the champion that answers."""

import io
import json

import pyarrow as pa
from builders import NOON

from monitor.core.decisions import Decision
from monitor.core.errors import JournalFullError
from monitor.core.rows import Kind
from monitor.service import schemas

LOANS = "/v1/models/loans"


ROW = {"prediction_id": "a", "version": "3", "features": {"age": 41}, "prediction": 1}


def test_a_run_is_started_and_found(house, problem_of):
    started = house.post(f"{LOANS}/retrain", json={"reason": "new prices"})

    assert started.status_code == 202
    assert house.get(started.headers["location"]).json() == started.json()
    assert started.json()["reason"] == "new prices"
    assert house.post(f"{LOANS}/retrain").status_code == 202
    listed = house.get(f"{LOANS}/runs").json()
    schemas.RunsAnswer.model_validate(listed)
    assert [run["id"] for run in listed["items"]] == ["1", "0"]
    house.training.requests = house.training.started
    assert house.get(f"{LOANS}/runs?limit=1").json()["waiting"] == 2
    problem_of(house.get(f"{LOANS}/runs/77"), 404)
    problem_of(house.post(f"{LOANS}/retrain", json={"reason": 3}), 400)


def test_versions_are_promoted_and_rolled_back(house, problem_of):
    problem_of(house.post(f"{LOANS}/rollback"), 409)
    problem_of(house.post(f"{LOANS}/versions/9/promote"), 404)
    house.training.champion, house.training.past = "2", ["1"]

    schemas.VersionsAnswer.model_validate(house.get(f"{LOANS}/versions").json())
    assert house.post(f"{LOANS}/versions/1/promote").json()["alias"] == "champion"
    assert house.post(f"{LOANS}/rollback").json()["version"] == "1"


def test_the_champion_answers_and_its_answers_are_logged(house):
    house.training.champion = "3"
    rows = [
        {"prediction_id": "a", "features": {"age": 41}, "timestamp": "2026-03-01T12:00:00.0005Z"},
        {"features": {"age": "old", "odd": [1, {}]}, "tags": {"region": "north"}},
    ]

    answer = house.post(f"{LOANS}/predict", json=rows)

    schemas.PredictAnswer.model_validate(answer.json())
    first, second = answer.json()["items"]
    assert first == {"prediction_id": "a", "prediction": "1", "score": 0.75, "version": "3"}
    assert len(second["prediction_id"]) == 32
    assert house.training.seen == [[{"age": 41}, {"age": "old", "odd": [1, {}]}]]
    ((_, kind, body),) = house.log.bodies
    logged = json.loads(body.content)
    assert kind is Kind.PREDICTIONS
    assert logged[0]["timestamp"] == 1772366400000.5
    assert "timestamp" not in logged[1]
    assert logged[1]["prediction_id"] == second["prediction_id"]
    assert logged[1]["tags"] == {"region": "north"}
    assert logged[1]["latency_ms"] >= 0
    assert {row["version"] for row in logged} == {"3"}


def test_the_champion_answers_one_row_and_any_format(house):
    house.training.champion = "3"
    one = house.post(f"{LOANS}/predict", content=b'{"features": {"age": NaN}}')
    sink = io.BytesIO()
    table = pa.table({"features.age": [1, 2]})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    headers = {"Content-Type": "application/vnd.apache.arrow.stream"}
    many = house.post(f"{LOANS}/predict", content=sink.getvalue(), headers=headers)

    assert len(one.json()["items"]) == 1
    assert "NaN" in house.log.bodies[0][2].content.decode()
    assert len(many.json()["items"]) == 2
    assert house.post(f"{LOANS}/predict", json=[]).json() == {"items": []}


def test_predict_answers_only_what_is_durable(house, problem_of):
    problem_of(house.post(f"{LOANS}/predict", json=ROW), 409)
    house.training.champion = "3"
    assert "row 1: features" in problem_of(house.post(f"{LOANS}/predict", json=[ROW, {}]), 400)
    house.log.failure = JournalFullError("no space left")
    problem_of(house.post(f"{LOANS}/predict", json=ROW), 503)


def test_decisions_are_shown_with_their_reasons(house, problem_of):
    told = {"alerts": [3]}
    house.judged.decided = [Decision("loans", False, "cooldown", NOON, told)] * 2

    answer = house.get(f"{LOANS}/decisions?limit=1").json()

    schemas.DecisionsAnswer.model_validate(answer)
    (item,) = answer["items"]
    assert (item["retrain"], item["reason"], item["evidence"]) == (False, "cooldown", told)
    problem_of(house.get("/v1/models/unheard-of/decisions"), 404)


def test_files_of_a_run_are_listed_and_given_and_a_page_runs_no_script(house, problem_of):
    run = house.post(f"{LOANS}/retrain").json()["id"]
    files = f"{LOANS}/runs/{run}/files"
    schemas.FilesAnswer.model_validate(house.get(files).json())
    page = house.get(f"{files}/explore.html")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "sandbox" in page.headers["content-security-policy"]
    assert house.get(f"{files}/log.txt").text == "said"
    assert "log.txt" in problem_of(house.get(f"{files}/lok.txt"), 404)
    problem_of(house.get(f"{LOANS}/runs/77/files"), 404)
    problem_of(house.get(f"{files}/..%2Fregistry.sqlite"), 404)
