"""The webhooks that take alerts of others: what is read, and what is told apart."""

import copy

import pytest

from monitor.core.external import Sender
from monitor.core.findings import Severity
from monitor.service.schemas import WebhookAnswer
from monitor.service.webhook_wire import ALERT_EXAMPLE

ALERTMANAGER, GRAFANA = "/v1/webhooks/alertmanager", "/v1/webhooks/grafana"


def body(*alerts, **parts):
    made = []
    for given in alerts:
        alert = copy.deepcopy(ALERT_EXAMPLE["alerts"][0])
        alert["labels"] |= given.pop("labels", {})
        made.append(alert | given)
    return ALERT_EXAMPLE | {"alerts": made} | parts


def test_a_firing_alert_is_taken_with_all_that_it_says(house):
    answer = house.post(ALERTMANAGER, json=body({"labels": {"shop": "north"}})).json()

    WebhookAnswer.model_validate(answer)
    assert answer["ignored"] == []
    assert answer["items"] == [
        {
            "index": 0,
            "alert": "CheckoutErrors",
            "model": "loans",
            "state": "firing",
            "incident": "i1",
        }
    ]
    (alert,) = house.told
    assert (alert.sender, alert.severity) == (Sender.ALERTMANAGER, Severity.CRITICAL)
    assert alert.message == "one checkout in five fails"
    assert alert.labels["shop"] == "north"
    assert alert.links == {"generatorURL": "http://prometheus:9090/graph"}
    assert alert.since.isoformat() == "2026-03-01T12:00:00+00:00"  # never in the future


def test_grafana_says_what_it_measured(house):
    given = body(
        {"values": {"A": 0.25, "C": 1}, "labels": {"severity": ""}, "annotations": {}},
        title="x",
        orgId=1,
        state="alerting",
    )
    assert house.post(GRAFANA, json=given).status_code == 200

    (alert,) = house.told
    assert (alert.sender, alert.value, alert.severity) == (Sender.GRAFANA, 0.25, Severity.WARNING)
    assert alert.message == "CheckoutErrors"


def test_an_alert_that_cannot_be_taken_spoils_no_other(house):
    given = body(
        {"labels": {"model": ""}},
        {"status": "pending"},
        {"startsAt": "yesterday"},
        {"labels": {"alertname": "Known"}},
        {"status": "resolved", "startsAt": "0001-01-01T00:00:00Z"},
        commonLabels={},
    )
    given["alerts"].append("loans is slow")
    answer = house.post(ALERTMANAGER, json=given).json()

    WebhookAnswer.model_validate(answer)
    assert [(i["index"], i["state"]) for i in answer["items"]] == [(4, "resolved")]
    reasons = {i["index"]: i["reason"] for i in answer["ignored"]}
    assert reasons.keys() == {0, 1, 2, 3, 5}
    assert "model" in reasons[0]
    assert "firing or resolved" in reasons[1]
    assert "startsAt" in reasons[2]


def test_labels_that_a_group_shares_count_for_each_of_its_alerts(house):
    given = body({}, commonLabels={"model": "loans", "team": "risk"}, commonAnnotations={})
    del given["alerts"][0]["labels"]["model"]
    assert house.post(ALERTMANAGER, json=given).json()["items"]

    assert house.told[0].labels["team"] == "risk"


@pytest.mark.parametrize("path", [ALERTMANAGER, GRAFANA])
@pytest.mark.parametrize("given", [None, [], {}, {"alerts": {}}, {"alerts": [{}] * 1_001}, "loans"])
def test_what_neither_sends_is_refused(house, problem_of, path, given):
    problem_of(house.post(path, json=given), 400)
    problem_of(house.post(path, content=b"x", headers={"Content-Type": "text/plain"}), 415)
