"""A live service: bad input, keys, addresses, every format, and metrics that promtool accepts."""

import io
import json
import re
import shutil
import subprocess
import sys
from datetime import timedelta

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import NOON, generator, milliseconds, prediction, predictions
from services import running


def registered(service, name, **spec):
    service.ask("PUT", f"/v1/models/{name}", json={"task": "binary"} | spec)
    return f"/v1/models/{name}"


def reference(rows=1000):
    rng = generator(5)
    return [
        {
            "timestamp": milliseconds(NOON - timedelta(minutes=n)),
            "features": {
                "age": int(rng.integers(18, 90)),
                "gender": str(rng.choice(["Female", "Male"])),
            },
            "prediction": int(rng.integers(2)),
            "score": float(rng.random()),
            "actual": int(rng.integers(2)),
        }
        for n in range(rows)
    ]


def test_a_row_is_judged_before_it_is_answered_and_not_stored(service):
    model = registered(service, "doors")
    assert service.http.post(f"{model}/score", json=prediction(1)).status_code == 409
    service.ask("PUT", f"{model}/reference", json=reference())
    bad = prediction(1, features={"age": "12,5", "gender": "Mail"})

    items = service.ask("POST", f"{model}/score", json=[bad, prediction(2, features={"age": 40})])[
        "items"
    ]

    assert [p["suggestion"] for p in items[0]["problems"]] == [None, "Male"]
    assert [p["detector"] for p in items[1]["problems"]] == ["quality.missing"]
    assert items[1]["anomaly"] is False
    assert service.ask("GET", f"{model}/predictions?ids=p1,p2")["items"] == []


def test_a_row_that_breaks_a_rule_is_named_with_the_rule(service):
    rules = {"adult": "age >= 18 OR gender = 'Male'"}
    model = registered(service, "ruled", rules=rules)
    bad = {"task": "binary", "rules": {"x": "read_text('/etc/passwd') = 'x'"}}
    refused = service.http.put(model, json=bad)
    assert refused.status_code == 422
    assert "rules.x: no function 'read_text'" in refused.json()["detail"]
    assert service.ask("GET", model)["rules"] == rules
    rows = [prediction(n, features={"age": 30, "gender": "Female"}) for n in range(50)]
    rows[7]["features"]["age"] = 12
    service.ask("POST", f"{model}/predictions", json=rows)

    found = service.ask("POST", f"{model}/check", json={})["items"]

    (broken,) = [f for f in found if f["method"] == "rule:adult" and f["alert"]]
    assert broken["detector"] == "quality.schema"
    assert broken["evidence"]["prediction_ids"] == ["p7"]


def test_a_wrong_type_is_stored_and_reported(service):
    model = registered(service, "types")
    service.ask("PUT", f"{model}/reference", json=reference())
    rows = [
        prediction(n, features={"age": 30 + n % 20, "gender": "Male"}, timestamp=milliseconds(NOON))
        for n in range(300)
    ]
    rows[7]["features"]["age"] = "forty"
    for row in rows[20:32]:
        row["features"]["gender"] = "Mail"
    rows[9]["features"]["age"] = -3

    done = service.ask("POST", f"{model}/predictions", json=rows)
    assert done == {"accepted": 300, "duplicates": 0, "rejected": []}
    found = service.ask("POST", f"{model}/check", json={})["items"]

    alerts = {f["detector"]: f for f in found if f["alert"] and f["detector"].startswith("quality")}
    assert set(alerts) >= {"quality.type", "quality.range", "quality.category"}
    assert alerts["quality.type"]["feature"] == "age"
    assert alerts["quality.type"]["message"].startswith("age: ")
    (value,) = alerts["quality.category"]["evidence"]["values"]
    assert (value["value"], value["count"], value["suggestion"]) == ("Mail", 12, "Male")
    assert value["prediction_ids"][0] == "p20"
    (held,) = service.ask("GET", f"{model}/predictions", params={"ids": "p7"})["items"]
    assert held["raw"] == {"age": "forty"}
    assert held["features"]["gender"] == "Male"


def sent(content, kind, encoding=""):
    return {"content": content, "headers": {"Content-Type": kind, "Content-Encoding": encoding}}


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("POST", "/v1/models/nobody/predictions", {"json": []}, 404),
        ("GET", "/v1/models/nobody", {}, 404),
        ("GET", "/v1/nothing", {}, 404),
        ("DELETE", "/v1/models", {}, 405),
        ("PUT", "/v1/models/Bad Name", {"json": {"task": "binary"}}, 422),
        ("PUT", "/v1/models/x", {"json": {"task": "ternary"}}, 422),
        ("PUT", "/v1/models/x", {"json": {"task": "binary", "windw": {}}}, 422),
        ("POST", "/v1/models/bad/predictions", sent(b"[{", "application/json"), 400),
        ("POST", "/v1/models/bad/predictions", sent(b"x", "image/png"), 415),
        ("POST", "/v1/models/bad/predictions", sent(b"P", "application/vnd.apache.parquet"), 400),
        ("POST", "/v1/models/bad/predictions", sent(b"[]", "application/json", "gzip"), 400),
        ("POST", "/v1/models/bad/predictions", {"content": b"[" * 100_000}, 400),
        ("POST", "/v1/models/bad/check", {"json": {"from": "yesterday"}}, 400),
        ("GET", "/v1/models/bad/findings?limit=0", {}, 400),
        ("GET", "/v1/models/bad/findings?from=x", {}, 400),
        ("POST", "/v1/models/bad/predict", {"json": {"features": {}}}, 409),
        ("POST", "/v1/models/bad/rollback", {}, 409),
        ("POST", "/v1/models/bad/versions/9/promote", {}, 404),
        ("GET", "/v1/models/bad/runs/9", {}, 404),
        ("POST", "/v1/models/bad/incidents/9/ack", {}, 404),
    ],
)  # fmt: skip
def test_bad_input_is_a_problem_document_that_says_what_to_do(
    service, method, path, options, status
):
    registered(service, "bad")

    answer = service.http.request(method, path, **options)

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert {"type", "title", "status", "detail"} <= problem.keys()
    assert problem["status"] == status
    assert problem["detail"]


def table(rows):
    return pa.table(
        {
            "prediction_id": [r["prediction_id"] for r in rows],
            "timestamp": [r["timestamp"] for r in rows],
            "features.age": [r["features"]["age"] for r in rows],
            "features.city": [r["features"]["city"] for r in rows],
            "prediction": [r["prediction"] for r in rows],
            "score": [r["score"] for r in rows],
        }
    )


def bodies(rows):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table(rows).schema) as writer:
        writer.write_table(table(rows))
    parquet = io.BytesIO()
    pq.write_table(table(rows), parquet)
    columns = {
        "prediction_id": [r["prediction_id"] for r in rows],
        "timestamp": [r["timestamp"] for r in rows],
        "prediction": [r["prediction"] for r in rows],
        "score": [r["score"] for r in rows],
        "features": {n: [r["features"][n] for r in rows] for n in ("age", "city")},
    }
    return {
        "application/json": json.dumps(rows).encode(),
        "application/json; columns": json.dumps({"columns": columns}).encode(),
        "application/x-ndjson": "\n".join(map(json.dumps, rows)).encode(),
        "application/vnd.apache.arrow.stream": sink.getvalue(),
        "application/vnd.apache.parquet": parquet.getvalue(),
    }


def test_every_format_gives_the_same_rows(service):
    rows = predictions(40)
    shown = {}
    for number, (kind, content) in enumerate(bodies(rows).items()):
        model = registered(service, f"format-{number}")
        answer = service.http.post(
            f"{model}/predictions", content=content, headers={"Content-Type": kind}
        )
        assert answer.json() == {"accepted": 40, "duplicates": 0, "rejected": []}, kind
        service.ask("POST", f"{model}/check", json={})
        held = service.ask("GET", f"{model}/predictions", params={"limit": 1000})["items"]
        shown[kind] = [
            {k: r[k] for k in ("prediction_id", "timestamp", "features", "prediction", "score")}
            for r in held
        ]

    first, *others = shown.values()
    assert len(first) == 40
    assert all(other == first for other in others)


def test_a_reference_in_csv_fills_the_spec_in(service):
    model = registered(service, "csv")
    lines = [f"{20 + n % 60},{'Rome' if n % 2 else 'Oslo'},{n % 2}" for n in range(400)]
    content = "\n".join(["features.age,features.city,actual", *lines]).encode()

    service.ask("PUT", f"{model}/reference", content=content, headers={"Content-Type": "text/csv"})

    spec = service.ask("GET", model)
    assert spec["features"]["age"]["type"] == "number"
    assert spec["features"]["age"]["min"] <= 20
    assert spec["features"]["city"]["categories"] == ["Oslo", "Rome"]
    assert service.ask("PUT", model, json=spec) == spec


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_has_nothing_to_say_about_the_metrics(service):
    model = registered(service, "metrics")
    service.ask("PUT", f"{model}/reference", json=reference())
    service.ask("POST", f"{model}/predictions", json=predictions(300, latency_ms=3.0))
    actuals = [{"prediction_id": f"p{n}", "actual": 1} for n in range(300)]
    service.ask("POST", f"{model}/actuals", json=actuals)
    service.ask("POST", f"{model}/check", json={})
    service.http.post(f"{model}/predictions", json=[{"features": 3}])

    text = service.http.get("/metrics").text
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    for name in (
        'watchkeeper_predictions_total{model="metrics",version="1"} 300.0',
        'watchkeeper_actuals_total{model="metrics"} 300.0',
        'watchkeeper_rows_rejected_total{model="metrics",reason="features"} 1.0',
        "watchkeeper_ingest_seconds_bucket",
        "watchkeeper_ingest_queue_rows 0.0",
        "watchkeeper_finding_value{",
        "watchkeeper_finding_alert{",
        'watchkeeper_performance{kind="realized",metric="accuracy",model="metrics"}',
        'watchkeeper_incidents_open{model="metrics",severity="critical"}',
        "watchkeeper_detector_seconds_bucket{",
    ):
        assert name in text, name


def test_with_keys_every_route_but_health_wants_one(tmp_path):
    keys = {"WATCHKEEPER_API_KEYS": "one, two"}
    with running(tmp_path / "data", environment=keys) as service:
        http = service.http
        assert http.get("/healthz").status_code == 200
        assert http.get("/readyz").status_code == 200
        for path in ("/v1/models", "/metrics", "/", "/docs", "/openapi.json"):
            missing = http.get(path)
            assert missing.status_code == 401
            assert missing.headers["www-authenticate"].startswith("Bearer")
            assert http.get(path, headers={"Authorization": "Bearer three"}).status_code == 403
            assert http.get(path, headers={"Authorization": "Bearer two"}).status_code == 200


def refused(*flags):
    return subprocess.run(
        [sys.executable, "-m", "monitor.cli", "serve", "--port", "0", *flags],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_open_address_without_a_key_is_refused_in_one_clear_line(tmp_path):
    done = refused("--host", "0.0.0.0", "--data-dir", str(tmp_path))

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "--insecure" in done.stderr


def test_insecure_listens_to_others(tmp_path):
    with running(tmp_path / "data", "--host", "0.0.0.0", "--insecure") as service:
        port = service.url.rpartition(":")[2]
        assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200


def test_a_directory_in_use_and_a_port_in_use_are_said_in_one_line(service):
    busy = refused("--data-dir", str(service.data_dir))
    assert (busy.returncode, busy.stderr.count("another process uses")) == (1, 1)

    port = service.url.rpartition(":")[2]
    taken = refused("--port", port, "--data-dir", str(service.data_dir.parent / "other"))
    assert taken.returncode == 1
    assert "Address already in use" in taken.stderr


def test_the_status_page_shows_the_models(service):
    registered(service, "shown")

    page = service.http.get("/")

    assert page.headers["content-type"].startswith("text/html")
    assert "shown" in page.text
    assert 'href="/docs"' in page.text


def test_the_pages_load_nothing_from_elsewhere(service):
    page = service.http.get("/docs").text
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)

    assert len(sources) >= 2
    for source in sources:
        assert source.startswith(service.url), source
        assert service.http.get(source).status_code == 200
