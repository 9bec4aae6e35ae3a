"""The closed loop by routes of the contract alone: rows in, a promoted challenger out."""

from datetime import timedelta

import numpy as np
import pytest
from builders import NOON, generator
from services import eventually, running

pytestmark = pytest.mark.slow

SPEC = {
    "task": "binary",
    "window": {"every": "1h", "min_rows": 100},
    "retrain": {
        "policy": "on_alert",
        "cooldown": "1h",
        "min_labels": 500,
        "promote": "auto",
        "budget": "2s",
    },
}


def world(rng, count, start, flipped=False):
    """Rows a second apart whose actual follows x and the city; `flipped` turns x around."""
    rows, actuals = [], []
    for n in range(count):
        x, y = rng.normal(size=2)
        city = str(rng.choice(["Rome", "Oslo", "Bonn"]))
        push = (-2.5 if flipped else 2.5) * x + (1.0 if city == "Rome" else 0.0)
        rows.append(
            {
                "prediction_id": f"{start + n}",
                "timestamp": (NOON + timedelta(seconds=6 * (start + n))).isoformat(),
                "features": {"x": x, "y": y, "city": city},
            }
        )
        actuals.append(int(rng.random() < 1 / (1 + np.exp(-push))))
    return rows, actuals


def run_of(service, status, number=1):
    """The newest of so many runs, once it has ended."""

    def ended():
        runs = service.ask("GET", "/v1/models/m/runs")["items"]
        over = len(runs) == number and runs[0]["status"] not in {"queued", "running"}
        return runs[0] if over else None

    run = eventually(ended, 90)
    assert run["status"] == status, run
    return run


def answered(service, rows, actuals):
    """Have the champion answer rows in parts, tell the actuals, and give the accuracy."""
    right = 0
    for at in range(0, len(rows), 200):
        part = rows[at : at + 200]
        items = service.ask("POST", "/v1/models/m/predict", json=part)["items"]
        assert [i["prediction_id"] for i in items] == [r["prediction_id"] for r in part]
        right += sum(i["prediction"] == a for i, a in zip(items, actuals[at:], strict=False))
    labels = [
        {"prediction_id": r["prediction_id"], "actual": a}
        for r, a in zip(rows, actuals, strict=True)
    ]
    assert service.ask("POST", "/v1/models/m/actuals", json=labels)["accepted"] == len(rows)
    return right / len(rows)


def test_a_concept_change_is_noticed_explained_retrained_gated_and_promoted(tmp_path):
    rng = generator(7)
    with running(tmp_path / "data") as service:
        service.ask("PUT", "/v1/models/m", json=SPEC)
        rows, actuals = world(rng, 2000, -2000)
        reference = [r | {"actual": a} for r, a in zip(rows, actuals, strict=True)]
        done = service.ask("PUT", "/v1/models/m/reference", json=reference)
        assert (done["accepted"], done["rejected"]) == (2000, [])
        service.ask("POST", "/v1/models/m/predict", 409, json=rows[0])

        # the first model comes from the reference alone
        started = service.http.post("/v1/models/m/retrain", json={"reason": "first"})
        assert started.status_code == 202
        assert service.ask("GET", started.headers["location"])["reason"] == "first"
        run = run_of(service, "succeeded")
        (first,) = service.ask("GET", "/v1/models/m/versions")["items"]
        assert (first["version"], first["alias"]) == (run["version"], "champion")
        assert len({e["candidate"] for e in run["experiments"]}) >= 3

        before = answered(service, *world(rng, 1200, 0))
        service.ask("POST", "/v1/models/m/check", json={})
        assert service.ask("GET", "/v1/models/m/incidents")["items"] == []

        after = answered(service, *world(rng, 1800, 1200, flipped=True))
        found = service.ask("POST", "/v1/models/m/check", json={})["items"]
        alerts = {f["detector"] for f in found if f["alert"]}
        assert {"drift.concept", "performance.realized"} <= alerts
        assert "drift.univariate" not in alerts  # the inputs are as before
        (incident,) = service.ask("GET", "/v1/models/m/incidents")["items"]
        assert incident["causes"]

        run = run_of(service, "succeeded", number=2)
        assert run["incident"] == incident["id"]
        assert run["verdict"]["decision"] == "promote"
        assert all(r["passed"] for r in run["verdict"]["reasons"] if r["check"] == "better")
        assert len(run["snapshot"]["sha256"]) == 64

        recovered = answered(service, *world(rng, 500, 3000, flipped=True))
        assert service.ask("GET", "/v1/models/m/versions")["items"][0]["alias"] == "champion"
        (held,) = service.ask("GET", "/v1/models/m/predictions", params={"ids": "3000"})["items"]
        assert held["version"] == run["version"] != first["version"]
        assert held["actual"] in {0, 1}
        assert before > 0.75  # the best possible is about 0.82
        assert after < 0.5
        assert recovered > 0.7

        back = service.ask("POST", "/v1/models/m/rollback")
        assert back["version"] == first["version"]
        items = service.ask("POST", "/v1/models/m/predict", json=rows[0])["items"]
        assert items[0]["version"] == first["version"]

        metrics = service.http.get("/metrics").text
        assert f'watchkeeper_champion_info{{model="m",version="{first["version"]}"}} 1.0' in metrics
        assert 'watchkeeper_retrain_runs_total{model="m",outcome="succeeded"} 2.0' in metrics
