"""A backtest of a live service: by the route, by the command, on a file; nothing is stored."""

import json
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import NOON, generator, milliseconds

from monitor.cli import run
from monitor.cli.backtest import backtest

HOURS, ROWS = 6, 300
SPEC = {"task": "binary", "window": {"every": "1h", "min_rows": 100}}


def rows(count, seed, step):
    rng = generator(seed)
    age, city = rng.normal(40, 10, count), rng.choice(["Rome", "Oslo"], count)
    score = rng.random(count)
    return [
        {
            "prediction_id": f"{seed}-{n}",
            "timestamp": milliseconds(NOON + n * step),
            "features": {"age": float(age[n]), "city": str(city[n])},
            "prediction": int(score[n] >= 0.5),
            "score": float(score[n]),
            "actual": int(rng.random() < score[n]),
        }
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def history(service):
    path = "/v1/models/tried"
    service.ask("PUT", path, json=SPEC)
    service.ask("PUT", f"{path}/reference", json=rows(4000, 1, timedelta(seconds=1)))
    sent = rows(HOURS * ROWS, 2, timedelta(hours=1) / ROWS)
    actuals = [{k: row.pop(k) for k in ("actual",)} | {"prediction_id": row["prediction_id"]}
               for row in sent]  # fmt: skip
    service.ask("POST", f"{path}/predictions", json=sent)
    service.ask("POST", f"{path}/actuals", json=actuals)
    return path


def test_a_fault_is_found_by_the_detector_for_it_and_a_quiet_history_is_quiet(service, history):
    since = (NOON + timedelta(hours=4)).isoformat()
    faults = [
        {"kind": "shift", "feature": "age", "size": 0.6, "from": since},
        {"kind": "missing", "feature": "city", "size": 0.2, "from": since},
    ]
    answer = service.ask("POST", f"{history}/backtest", json={"faults": faults})

    told = answer["spec"]
    assert (told["windows"], told["rows"]) == (HOURS, HOURS * ROWS)
    assert told["alarms"] <= 1
    drift, missing = told["faults"]
    assert "drift.univariate" in drift["detectors"]
    assert "quality.missing" in missing["detectors"]
    assert (drift["delay_seconds"], missing["windows"]) == (3600, 1)
    assert len({f["window"]["start"] for f in answer["items"]}) >= HOURS - 4


def test_nothing_is_stored(service, history):
    findings = service.ask("POST", f"{history}/check", json={})["items"]
    places = ("", "/incidents", "/runs", "/profile")
    before = {place: service.ask("GET", f"{history}{place}") for place in places}
    spec = SPEC | {"window": {"every": "2h", "min_rows": 50}}
    faults = [{"kind": "text", "feature": "age", "size": 0.5}]
    answer = service.ask("POST", f"{history}/backtest", json={"spec": spec, "faults": faults})

    assert {"quality.type"} <= {f["detector"] for f in answer["items"]}
    assert answer["spec"]["windows"] == HOURS / 2
    assert {place: service.ask("GET", f"{history}{place}") for place in places} == before
    assert service.ask("POST", f"{history}/check", json={})["items"] == findings


def test_history_is_judged_as_a_check_would(service, history):
    checked = service.ask("POST", f"{history}/check", json={})["items"]
    tried = service.ask("POST", f"{history}/backtest", json={})

    counts = {d["detector"]: d["findings"] for d in tried["spec"]["detectors"]}
    for detector in ("drift.univariate", "quality.missing", "quality.range"):
        assert counts[detector] == sum(f["detector"] == detector for f in checked)


def test_values_outside_other_bounds_are_counted_anew(service, history):
    faults = [{"kind": "scale", "feature": "age", "size": 1.4}]
    bounds = {"features": {"age": {"type": "number", "min": 0, "max": 80}}, **SPEC}
    wide = {"features": {"age": {"type": "number", "min": 0, "max": 1000}}, **SPEC}
    narrow, none = (
        service.ask("POST", f"{history}/backtest", json={"spec": spec, "faults": faults})["items"]
        for spec in (bounds, wide)
    )

    values = [f["value"] for f in narrow if f["detector"] == "quality.range"]
    assert len(values) == HOURS
    assert all(0.01 < v < 0.1 for v in values)  # of N(56, 14) 4.3 % lie above 80, else 0.003 %
    assert [f for f in none if f["detector"] == "quality.range"] == []


def test_what_history_cannot_be_judged_by_is_refused(service, history):
    for spec, said in (
        ({"window": {"every": "25m"}}, "give a multiple of"),
        ({"features": {"age": {"type": "category"}}}, "counted as number"),
        ({"task": "regression"}, "a task stays for good"),
    ):
        answer = service.http.post(f"{history}/backtest", json={"spec": spec})
        assert answer.status_code == 422, answer.text
        assert said in answer.json()["detail"]


def called(*arguments):
    return run(lambda **options: backtest.main([str(a) for a in arguments], **options))


def test_the_command_says_what_was_seen(service, history, capsys):
    since = (NOON + timedelta(hours=3)).isoformat().replace("+00:00", "Z")
    command = ["tried", "--url", service.url, "--against", "current"]

    assert called(*command, "--fault", f"shift:age:0.6@{since}") == 0
    said = capsys.readouterr().out
    assert "shift of 0.6 in age: seen in window 1, after 1 h, by" in said
    assert "alarms a month" in said
    assert called(*command, "--fault", f"scale:age:1@{since}", "--at-most", "100000") == 1
    assert "scale of 1 in age: not seen" in capsys.readouterr().out
    assert called(*command, "--fault", "shift") == 2
    assert called(*command, "--reference", __file__) == 2
    assert called("tried", "--file", __file__) == 2
    assert called("nobody", "--url", service.url) == 1


def test_the_command_tries_a_file_without_any_service(tmp_path, capsys):
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps(SPEC))
    files = {}
    for name, count, seed in (("reference", 3000, 1), ("rows", 2 * ROWS, 2)):
        made = rows(count, seed, timedelta(hours=1) / ROWS)
        columns = {k: [r[k] for r in made] for k in made[0] if k != "features"}
        columns |= {f"features.{k}": [r["features"][k] for r in made] for k in ("age", "city")}
        files[name] = tmp_path / f"{name}.parquet"
        pq.write_table(pa.table(columns), files[name])
    command = ["--file", files["rows"], "--reference", files["reference"], "--spec", spec]

    code = called(*command, "--actuals", files["rows"], "--fault", "wrong:0.9", "--json")

    answer = json.loads(capsys.readouterr().out)
    assert code == 0
    assert answer["spec"]["rows"] == 2 * ROWS
    assert "performance.realized" in answer["spec"]["faults"][0]["detectors"]
    assert np.isfinite(answer["spec"]["alarms_per_month"])
