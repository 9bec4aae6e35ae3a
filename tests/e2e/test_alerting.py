"""Prometheus sees it, Alertmanager says it, an incident is opened and a new model asked for."""

import pytest
import yaml
from builders import actual, predictions
from services import eventually, running
from stack import alertmanager, prometheus

RULE = {
    "alert": "CheckoutBusy",
    "expr": "sum by (model) (watchkeeper_actuals_total) > 100",
    "labels": {"severity": "critical"},
    "annotations": {"summary": "{{ $labels.model }} has seen {{ $value }} checkouts"},
}
SPEC = {
    "task": "binary",
    "window": {"every": "1h"},
    "retrain": {"policy": "on_alert", "min_labels": 150, "budget": "100ms"},
}


@pytest.fixture
def told(tmp_path):
    """A service, and the Prometheus that tells it of its own model by way of Alertmanager."""
    rules = tmp_path / "rules.yml"
    rules.write_text(yaml.dump({"groups": [{"name": "shop", "rules": [RULE]}]}))
    with (
        running(tmp_path / "data") as service,
        alertmanager(tmp_path, f"{service.url}/v1/webhooks/alertmanager") as alerts,
        prometheus(tmp_path, service.url.removeprefix("http://"), alerts, [rules]),
    ):
        yield service


def test_an_alert_of_prometheus_becomes_an_incident_and_a_run(told):
    told.ask("PUT", "/v1/models/shop", json=SPEC)
    told.ask("POST", "/v1/models/shop/predictions", json=predictions(200))
    rows = [actual(number, number % 2) for number in range(200)]
    told.ask("POST", "/v1/models/shop/actuals", json=rows)

    def incidents():
        found = told.ask("GET", "/v1/models/shop/incidents")["items"]
        return [i for i in found if "CheckoutBusy" in i["title"]]

    (incident,) = eventually(incidents)
    assert incident["severity"] == "critical"
    assert incident["causes"][0]["text"] == "CheckoutBusy: shop has seen 200 checkouts"
    (run,) = eventually(lambda: told.ask("GET", "/v1/models/shop/runs")["items"])
    assert run["reason"] == incident["title"]
    (finding,) = told.ask(
        "GET", "/v1/models/shop/findings", params={"detector": "external.alertmanager"}
    )["items"]
    assert finding["evidence"]["labels"]["alertname"] == "CheckoutBusy"
    assert "generatorURL" in finding["evidence"]["links"]
