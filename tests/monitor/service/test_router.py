"""Every route, called over HTTP: what it answers, and that errors are problem documents."""

import asyncio
import io
import json
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitor.core.errors import JournalFullError
from monitor.core.findings import Measurement, Severity
from monitor.core.profile import UNIT_BINS, Bins, Profile, Profiles
from monitor.core.rows import Kind
from monitor.core.spec import FeatureType
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


def test_findings_are_given_page_by_page(house, make):
    house.judged.findings = [make["finding"](n) for n in range(1, 6)]

    first = house.get(f"{LOANS}/findings", params={"limit": 3}).json()
    second = house.get(f"{LOANS}/findings", params={"limit": 3, "cursor": first["next"]}).json()

    judgement_schemas.FindingsAnswer.model_validate(first)
    assert [f["id"] for f in first["items"]] == [5, 4, 3]
    assert first["next"] == 3
    assert [f["id"] for f in second["items"]] == [2, 1]
    assert second["next"] is None


def test_a_finding_is_written_as_the_contract_says(house, make):
    house.judged.findings = [make["finding"]()]

    (item,) = house.get(f"{LOANS}/findings").json()["items"]

    assert item["window"] == {
        "start": "2026-03-01T12:00:00Z",
        "end": "2026-03-01T13:00:00Z",
        "rows": 420,
    }
    assert item["value"] == 0.3
    assert item["segment"] is None
    assert item["severity"] == "warning"
    assert item["evidence"] == {"bins": 10}


def test_numbers_that_json_does_not_have_are_null(house, make):
    odd = {"x": np.float64("nan"), "n": np.int64(3), "a": np.array([1.0, np.inf])}
    measured = Measurement("psi", float("inf"), evidence=odd)
    house.judged.findings = [make["finding"](measured=measured)]

    (item,) = json.loads(house.get(f"{LOANS}/findings").text, parse_constant=pytest.fail)["items"]

    assert item["value"] is None
    assert item["evidence"] == {"x": None, "n": 3, "a": [1.0, None]}


def test_findings_are_filtered(house):
    params = {
        "from": "2026-03-01T14:00:00+02:00",
        "to": "1772370000000",
        "detector": "drift.univariate",
        "feature": "age",
        "alert": "true",
    }
    assert house.get(f"{LOANS}/findings", params=params).status_code == 200

    (query,) = house.judged.asked
    assert query.span.start.isoformat() == "2026-03-01T12:00:00+00:00"
    assert query.span.end.isoformat() == "2026-03-01T13:00:00+00:00"
    assert (query.detector, query.feature, query.alert) == ("drift.univariate", "age", True)


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


@pytest.mark.parametrize(
    "body", [{}, None, {"from": "2026-03-01T12:00:00Z"}, {"to": 1772370000000}]
)
def test_a_check_gives_findings_alerts_and_others(house, make, body):
    house.judged.findings = [make["finding"](), make["finding"](2, alert=False)]

    answer = house.post(f"{LOANS}/check", **({} if body is None else {"json": body}))

    assert answer.status_code == 200
    judgement_schemas.FindingsAnswer.model_validate(answer.json())
    assert [f["alert"] for f in answer.json()["items"]] == [True, False]
    (span,) = house.checked
    assert (span is None) is (not body)


def test_a_span_may_end_beyond_all_event_times(house):
    span = {"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T00:00:00Z"}

    assert house.post(f"{LOANS}/check", json=span).status_code == 200
    assert (house.checked[0].start.year, house.checked[0].end.year) == (2, 9998)


def test_a_check_refuses_what_it_does_not_know(house, problem_of):
    assert "'from'" in problem_of(house.post(f"{LOANS}/check", json={"form": 1}), 422)
    problem_of(house.post(f"{LOANS}/check", json={"from": [1]}), 400)
    problem_of(house.post(f"{LOANS}/check", json=[1]), 400)
    for text in ("--5", "-", "9" * 5000):
        assert problem_of(house.post(f"{LOANS}/check", json={"from": text}), 400).startswith(
            "from:"
        )


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


def test_performance_is_given_window_by_window(house):
    answer = house.get(f"{LOANS}/performance").json()

    judgement_schemas.PerformanceAnswer.model_validate(answer)
    assert answer["items"][0]["realized"]["f1"] == {"value": None, "low": None, "high": 1.0}


def test_a_profile_has_counts_moments_quantiles_and_a_histogram(house):
    values = np.arange(1000.0)
    bins = Bins.of(values)
    number = Profile(
        FeatureType.NUMBER,
        rows=1003,
        missing=3,
        minimum=0.0,
        maximum=999.0,
        total=float(values.sum()),
        squares=float((values**2).sum()),
        bins=bins,
        counts=np.bincount(bins.place(values), minlength=len(bins)),
    )
    word = Profile(FeatureType.CATEGORY, rows=1003, categories={f"c{i}": i + 1 for i in range(60)})
    score = Profile(
        FeatureType.NUMBER,
        rows=2,
        minimum=0.5,
        maximum=0.5,
        total=1.0,
        squares=0.5,
        bins=UNIT_BINS,
        counts=np.bincount([128, 128], minlength=len(UNIT_BINS)),
    )
    house.profiled.profiles_of = Profiles(1003, {"age": number, "word": word}, score=score)

    answer = house.get(f"{LOANS}/profile").json()

    judgement_schemas.ProfileAnswer.model_validate(answer)
    age, words = answer["features"]["age"], answer["features"]["word"]
    assert (age["rows"], age["missing"], age["min"], age["max"]) == (1003, 3, 0, 999)
    assert age["mean"] == pytest.approx(values.mean())
    assert age["std"] == pytest.approx(values.std(ddof=1))
    assert age["quantiles"]["0.5"] == pytest.approx(500, abs=5)
    edges, counts = age["histogram"]["edges"], age["histogram"]["counts"]
    assert len(counts) <= 30
    assert len(edges) == len(counts) + 1
    assert sum(counts) == 1000
    assert edges == sorted(edges)
    assert (edges[0], edges[-1]) == (0, 999)
    assert words["histogram"] is None
    assert len(words["categories"]) == 50
    assert words["categories"][0] == {"value": "c59", "count": 60}
    assert sum(answer["score"]["histogram"]["counts"]) == 2


def test_a_profile_of_nothing_is_empty(house):
    assert house.get(f"{LOANS}/profile").json() == {"rows": 0, "features": {}}
    house.get(f"{LOANS}/profile?from=2026-03-01T12:00:00Z")
    assert house.profiled.span.end.year == 9998


def test_incidents_are_acknowledged_and_resolved(house, make, problem_of):
    house.judged.save_incident(make["incident"]())
    path = f"{LOANS}/incidents"

    judgement_schemas.IncidentsAnswer.model_validate(house.get(path).json())
    acked = house.post(f"{path}/i1/ack", json={"note": "known"}).json()
    judgement_schemas.IncidentAnswer.model_validate(acked)
    assert (acked["state"], acked["note"], acked["resolved_at"]) == ("acknowledged", "known", None)
    resolved = house.post(f"{path}/i1/resolve").json()
    assert (resolved["state"], resolved["note"]) == ("resolved", "known")
    assert resolved["resolved_at"] == "2026-03-01T12:00:00Z"
    assert house.post(f"{path}/i1/resolve").json() == resolved
    problem_of(house.post(f"{path}/i1/ack"), 409)
    assert house.get(f"{path}?open=true").json() == {"items": []}
    problem_of(house.post(f"{path}/i2/ack"), 404)
    problem_of(house.post(f"{path}/i1/ack", json={"note": 3}), 400)


def test_an_incident_is_read_changed_and_saved_in_one_transaction(house_with, make):
    said = []

    @contextmanager
    def transaction():
        said.append("begin")
        yield
        said.append("end")

    house = house_with(transaction=transaction)
    read, save = house.judged.incident, house.judged.save_incident
    save(make["incident"]())
    house.judged.incident = lambda *names: said.append("read") or read(*names)
    house.judged.save_incident = lambda changed: said.append("save") or save(changed)
    for change in ("ack", "resolve"):
        assert house.post(f"{LOANS}/incidents/i1/{change}").status_code == 200

    assert said == ["begin", "read", "save", "end"] * 2


def test_a_reference_without_rows_leaves_the_old_one(house, problem_of):
    put = []
    kept = house.log.put
    house.log.put = lambda model, body: put.append(kept(model, body)) or put[-1]
    assert house.put(f"{LOANS}/reference", json=[ROW]).status_code == 200

    for content in (b"", b"[]", b'[{"features": 3}]'):
        assert "no row" in problem_of(house.put(f"{LOANS}/reference", content=content), 400)
    assert len(put) == 1


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
    problem_of(house.get("/v2"), 404)
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


def test_the_service_says_when_it_is_ready(house, problem_of):
    assert house.get("/healthz").json() == {"status": "alive"}
    assert house.get("/readyz").json() == {"status": "ready"}
    house.starting = "the journal is being folded"

    answer = house.get("/readyz")

    assert problem_of(answer, 503) == "the journal is being folded"
    assert answer.headers["retry-after"] == "1"
    assert house.get("/healthz").status_code == 200


def test_metrics_are_counted_and_read(house, make):
    house.training.champion = "3"
    house.judged.findings = [
        make["finding"](),
        make["finding"](2, "performance.realized", measured=Measurement("roc_auc", 0.8)),
    ]
    house.judged.save_incident(make["incident"](severity=Severity.CRITICAL))
    house.post(f"{LOANS}/predictions", json=[{**ROW, "prediction_id": "b"}, {}])
    again = {"Watchkeeper-Client-Dropped": "12"}
    house.post(f"{LOANS}/predictions", json={**ROW, "prediction_id": "b"}, headers=again)
    house.post(f"{LOANS}/actuals", json={"prediction_id": "a", "actual": 1})
    house.post(f"{LOANS}/predict", json={"features": {}})
    house.post(f"{LOANS}/retrain")

    answer = house.get("/metrics")

    assert answer.headers["content-type"].startswith("text/plain")
    found = {
        (s.name, *sorted(s.labels.items())): s.value
        for family in text_string_to_metric_families(answer.text)
        for s in family.samples
    }
    loans = ("model", "loans")
    predictions = "watchkeeper_predictions_total"
    assert found[predictions, loans, ("version", "3")] == 2
    assert found["watchkeeper_actuals_total", loans] == 1
    assert found["watchkeeper_rows_rejected_total", loans, ("reason", "features")] == 1
    assert found["watchkeeper_rows_duplicate_total", loans] == 1
    assert found["watchkeeper_client_dropped_rows_total", loans] == 12
    assert found["watchkeeper_ingest_seconds_count",] == 3
    assert found["watchkeeper_ingest_queue_rows",] == 3
    assert found["watchkeeper_fold_lag_rows",] == 7
    assert found["watchkeeper_journal_bytes",] == 900
    assert found["watchkeeper_fold_lag_seconds",] == 2
    assert found["watchkeeper_prediction_latency_seconds_count", loans] == 1
    assert found["watchkeeper_champion_info", loans, ("version", "3")] == 1
    runs = "watchkeeper_retrain_runs_total"
    assert found[runs, loans, ("outcome", "succeeded")] == 1
    assert found[runs, loans, ("outcome", "failed")] == 0
    assert found["watchkeeper_incidents_open", loans, ("severity", "critical")] == 1
    assert found["watchkeeper_incidents_open", loans, ("severity", "warning")] == 0
    performance = "watchkeeper_performance"
    assert found[performance, ("kind", "realized"), ("metric", "roc_auc"), loans] == 0.8
    age = (("detector", "drift.univariate"), ("feature", "age"), ("method", "psi"), loans)
    assert found["watchkeeper_finding_value", *sorted([*age, ("segment", "")])] == 0.3
    assert found["watchkeeper_finding_alert", *sorted([*age, ("segment", "")])] == 1


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
