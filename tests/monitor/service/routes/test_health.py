"""The service says whether it is ready, and what it has counted."""

from prometheus_client.parser import text_string_to_metric_families

from monitor.core.findings import Measurement, Severity

LOANS = "/v1/models/loans"


ROW = {"prediction_id": "a", "version": "3", "features": {"age": 41}, "prediction": 1}


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
