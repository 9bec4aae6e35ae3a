"""Every route, called over HTTP: what it answers, and that errors are problem documents."""

import asyncio
import json

import pytest

from monitor.core.errors import JournalFullError
from monitor.core.rows import Kind
from monitor.service import judgement_schemas, schemas

LOANS = "/v1/models/loans"
ROW = {"prediction_id": "a", "version": "3", "features": {"age": 41}, "prediction": 1}


def test_a_spec_comes_back_with_every_default_filled_in(house):
    sent = {"task": "binary", "features": {"age": {"type": "number", "max": 120}}}
    put, got = house.put(LOANS, json=sent), house.get(LOANS)

    assert put.status_code == got.status_code == 200
    assert put.json() == got.json()
    assert got.json()["window"] == {"every": "1h", "min_rows": 200}
    assert got.json()["positive_label"] == "1"
    assert got.json()["features"]["age"]["max"] == 120
    judgement_schemas.SpecAnswer.model_validate(got.json())


def test_what_is_given_back_may_be_sent_again(house):
    answer = house.get(LOANS).json()

    assert house.put(LOANS, json=answer).json() == answer


def test_models_are_listed_with_champion_and_open_incidents(house, make):
    house.training.champion = "3"
    house.judged.save_incident(make["incident"]())

    answer = house.get("/v1/models").json()

    judgement_schemas.ModelsAnswer.model_validate(answer)
    (item,) = answer["items"]
    assert (item["model"], item["champion"], item["incidents_open"]) == ("loans", "3", 1)


@pytest.mark.parametrize("name", ["Loans", "-a", "a" * 64, "a.b", "%20", "ü"])
def test_a_name_that_cannot_stand_in_an_address_is_refused(house, problem_of, name):
    assert "1 to 63" in problem_of(house.put(f"/v1/models/{name}", json={"task": "binary"}), 422)


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"\xff\xfe{", {}, 400),
        (b"[" * 5000 + b"]" * 5000, {}, 400),
        (b"{}", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (b"{}", {"Content-Encoding": "gzip"}, 415),
        (b"", {}, 422),
        (b"[]", {}, 422),
        (b'{"task": "binary", "featrues": {}}', {}, 422),
        (b" " * (5 << 20), {}, 413),
    ],
)
def test_a_spec_that_cannot_be_used_is_a_problem(house, problem_of, content, headers, status):
    problem_of(house.put(LOANS, content=content, headers=headers), status)


def test_predictions_are_stored_once(house):
    rows = [ROW, {**ROW, "prediction_id": "b"}, ROW, {"prediction_id": "c"}]

    answer = house.post(f"{LOANS}/predictions", json=rows)

    assert answer.status_code == 200
    schemas.AcceptedAnswer.model_validate(answer.json())
    assert answer.json() == {
        "accepted": 2,
        "duplicates": 1,
        "rejected": [{"index": 3, "error": "features: must be an object of names and values"}],
    }


def test_a_body_is_stored_as_it_was_sent(house):
    content = json.dumps([ROW]).encode()
    house.post(
        f"{LOANS}/predictions",
        content=content,
        headers={"Content-Type": "application/json; charset=utf-8"},
    )

    ((model, kind, body),) = house.log.bodies
    assert (model, kind) == ("loans", Kind.PREDICTIONS)
    assert body.content == content
    assert body.media_type == "application/json; charset=utf-8"


def test_large_and_streamed_bodies_are_stored_too(house):
    rows = [{**ROW, "prediction_id": str(i)} for i in range(2000)]

    async def parts():
        for row in rows:
            yield json.dumps(row).encode() + b"\n"

    headers = {"Content-Type": "application/x-ndjson"}
    answer = house.post(f"{LOANS}/predictions", content=parts(), headers=headers)

    assert answer.json()["accepted"] == 2000


def test_actuals_and_references_are_stored(house):
    actuals = house.post(f"{LOANS}/actuals", json={"prediction_id": "a", "actual": 0})
    reference = house.put(f"{LOANS}/reference", json=[ROW, {"features": 3}])

    assert actuals.json() == {"accepted": 1, "duplicates": 0, "rejected": []}
    assert reference.json()["accepted"] == 1
    assert reference.json()["rejected"][0]["index"] == 1


@pytest.mark.parametrize("route", ["predictions", "actuals", "reference"])
def test_bad_bodies_are_problems(house, problem_of, route):
    method = "PUT" if route == "reference" else "POST"
    path = f"{LOANS}/{route}"

    assert "JSON" in problem_of(house.ask(method, path, content=b"{"), 400)
    xml = {"Content-Type": "application/xml"}
    assert "known: " in problem_of(house.ask(method, path, content=b"<a/>", headers=xml), 415)
    packed = {"Content-Encoding": "br"}
    assert "gzip" in problem_of(house.ask(method, path, content=b"x", headers=packed), 415)
    unknown = path.replace("loans", "loan")
    assert "'loans'" in problem_of(house.ask(method, unknown, json=[]), 404)


@pytest.mark.parametrize("route", ["predictions", "actuals", "reference", "predict"])
def test_a_body_that_is_too_large_is_refused_before_it_was_read(house_with, problem_of, route):
    house = house_with(body_limit=1000)
    house.put(LOANS, json={"task": "binary"})
    read = []

    async def endless():
        while True:
            read.append(1)
            yield b" " * 500

    method = "PUT" if route == "reference" else "POST"
    problem_of(house.ask(method, f"{LOANS}/{route}", content=endless()), 413)
    assert len(read) < 10
    problem_of(house.ask(method, f"{LOANS}/{route}", content=b" " * 1001), 413)


def test_a_full_disk_says_when_to_repeat(house, problem_of):
    house.log.failure = JournalFullError("no space left", 7)

    answer = house.post(f"{LOANS}/predictions", json=ROW)

    assert problem_of(answer, 503) == "no space left"
    assert answer.headers["retry-after"] == "7"


def test_a_sender_that_hangs_up_does_not_cancel_what_is_being_written(house):
    from concurrent.futures import Future

    future = Future()
    house.log.append = lambda model, kind, body: future

    async def hang_up():
        sent = iter([{"type": "http.request", "body": json.dumps(ROW).encode()}])

        async def receive():
            return next(sent)

        async def send(message):
            raise AssertionError(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": f"{LOANS}/predictions",
            "headers": [],
            "query_string": b"",
        }
        task = asyncio.ensure_future(house.app(scope, receive, send))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(hang_up())
    assert not future.cancelled()


def test_stored_rows_are_found_by_id_and_by_time(house):
    house.post(f"{LOANS}/predictions", json=[{**ROW, "prediction_id": str(i)} for i in range(5)])

    by_id = house.get(f"{LOANS}/predictions", params={"ids": "3,9,1"}).json()
    page = house.get(f"{LOANS}/predictions", params={"limit": 3}).json()
    rest = house.get(f"{LOANS}/predictions", params={"cursor": page["next"]}).json()

    for answer in (by_id, page, rest):
        schemas.RowsAnswer.model_validate(answer)
    assert [r["prediction_id"] for r in by_id["items"]] == ["3", "1"]
    assert [r["prediction_id"] for r in page["items"]] == ["0", "1", "2"]
    assert [r["prediction_id"] for r in rest["items"]] == ["3", "4"]
    assert rest["next"] is None
    assert house.log.waited == 3


def test_more_ids_than_a_thousand_are_refused(house, problem_of):
    ids = ",".join(map(str, range(1001)))
    assert "1001" in problem_of(house.get(f"{LOANS}/predictions", params={"ids": ids}), 400)


def test_a_plus_in_an_address_is_understood(house):
    house.get(f"{LOANS}/findings?from=2026-03-01T14:00:00+02:00")

    assert house.judged.asked[0].span.start.isoformat() == "2026-03-01T12:00:00+00:00"


@pytest.mark.parametrize(
    "query",
    [
        "from=soon",
        "from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z",
        "limit=0",
        "limit=1001",
        "limit=x",
        "alert=maybe",
        "cursor=-1",
        "from=99999999999999999999",
        "from=--5",
        "from=" + "9" * 5000,
        "cursor=9223372036854775808",
    ],
)
def test_unreadable_parameters_are_problems(house, problem_of, query):
    name = "to" if "&to" in query else query.partition("=")[0]
    assert problem_of(house.get(f"{LOANS}/findings?{query}"), 400).startswith(f"{name}: ")


def test_halves_of_surrogate_pairs_are_mended_wherever_a_text_is_kept(house):
    spec = {
        "task": "binary",
        "positive_label": "\ud800",
        "features": {"a\udfff": {"type": "category", "categories": ["\ud800", "\U0001f600"]}},
    }
    kept = house.put(LOANS, content=json.dumps(spec)).json()
    run = house.post(f"{LOANS}/retrain", content=json.dumps({"reason": "new \ud800"})).json()

    assert kept["positive_label"] == "\ufffd"
    assert kept["features"]["a\ufffd"]["categories"] == ["\ufffd", "\U0001f600"]
    assert run["reason"] == "new \ufffd"


def test_a_reference_without_rows_leaves_the_old_one(house, problem_of):
    put = []
    kept = house.log.put
    house.log.put = lambda model, body: put.append(kept(model, body)) or put[-1]
    assert house.put(f"{LOANS}/reference", json=[ROW]).status_code == 200

    for content in (b"", b"[]", b'[{"features": 3}]'):
        assert "no row" in problem_of(house.put(f"{LOANS}/reference", content=content), 400)
    assert len(put) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("POST", "/check"),
        ("POST", "/predict"),
        ("POST", "/retrain"),
        ("POST", "/rollback"),
        ("POST", "/versions/1/promote"),
        *(
            ("GET", f"/{name}")
            for name in (
                "findings",
                "performance",
                "incidents",
                "profile",
                "predictions",
                "runs",
                "runs/1",
                "versions",
            )
        ),
    ],
)
def test_an_unknown_model_is_a_problem_everywhere(house, problem_of, method, path):
    body = {"json": {"features": {}}} if path == "/predict" else {}
    assert "'loans'" in problem_of(house.ask(method, f"/v1/models/loan{path}", **body), 404)


def test_unknown_addresses_and_methods_are_problems(house, problem_of):
    problem_of(house.get("/v3"), 404)
    answer = house.ask("DELETE", f"{LOANS}/predict")
    problem_of(answer, 405)
    assert "POST" in answer.headers["allow"]


def test_a_refused_method_says_all_that_an_address_allows(house, problem_of):
    refused = house.ask("DELETE", "/v1/models/loans")

    problem_of(refused, 405)
    assert refused.headers["allow"] == "GET, PUT"


def test_a_reason_that_is_no_text_starts_no_run(house, problem_of):
    assert "reason" in problem_of(house.post("/v1/models/loans/retrain", json={"reason": 0}), 400)
    assert not house.training.started


def test_a_fault_of_ours_is_a_problem_without_a_traceback(house, problem_of, caplog):
    house.specs.get = lambda model: 1 / 0

    detail = problem_of(house.get(LOANS), 500)

    assert "division" not in detail
    assert "ZeroDivisionError" in caplog.text


def test_a_body_that_breaks_off_is_a_problem_and_nothing_is_stored(house):
    sent = []

    async def break_off():
        messages = iter(
            [
                {"type": "http.request", "body": b'[{"features": {}}', "more_body": True},
                {"type": "http.disconnect"},
            ]
        )

        async def receive():
            return next(messages)

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": f"{LOANS}/predictions",
            "headers": [],
            "query_string": b"",
        }
        await house.app(scope, receive, send)

    asyncio.run(break_off())

    assert sent[0]["status"] == 400
    assert b"closed before the body ended" in sent[1]["body"]
    assert not house.log.bodies
