"""Every query of every panel, asked of a Prometheus that scrapes a service with data."""

import pytest
from builders import actual, prediction, predictions
from services import eventually, running
from sources import ROOT
from stack import asked, prometheus

from monitor.dashboards.boards import PANELS
from monitor.dashboards.rules import RECORDINGS

QUERIES = {
    (board, panel.title, expr): panel
    for board, panels in PANELS.items()
    for panel in panels
    for expr, _ in panel.queries
}
SILENT = {"Detectors that failed", "Rows that clients dropped"}
"""What shows nothing while nothing has failed."""
OF_CHAMPIONS = {"Champions", "Latency of the champion"}
"""What a model without a champion has none of; a run would cost more than all else here."""
MODEL = "/v1/models/loans"


@pytest.fixture(scope="module")
def metrics(tmp_path_factory):
    """Prometheus, beside a service that has seen bad rows, drift and labels."""
    folder = tmp_path_factory.mktemp("queries")
    rules = ROOT / "dashboards/prometheus/alerts.yml"
    with running(folder / "data") as service:
        service.ask("PUT", MODEL, json={"task": "binary"})
        known = [prediction(n, actual=n % 2) for n in range(1000)]
        service.ask("PUT", f"{MODEL}/reference", json=known)
        with prometheus(folder, service.url.removeprefix("http://"), rules=[rules]) as client:
            _fed(service)
            yield client


def _fed(service):
    rows = predictions(400, 5000)
    odd = {"features": {"age": 900, "city": "Romme"}}
    rows += predictions(300, 5400, **odd)
    service.ask("POST", f"{MODEL}/predictions", json=[*rows, {"timestamp": "soon"}])
    labels = [actual(number, number % 2) for number in range(5000, 5700)]
    service.ask("POST", f"{MODEL}/actuals", json=labels)
    assert any(f["alert"] for f in service.ask("POST", f"{MODEL}/check", json={})["items"])


def filled(expr):
    return expr.replace("$__rate_interval", "10s").replace("$model", "loans")


def test_every_query_of_every_panel_gives_series(metrics):
    wanted = {k for k, panel in QUERIES.items() if panel.title not in SILENT | OF_CHAMPIONS}

    def missing():
        return {key for key in wanted if not asked(metrics, filled(key[2]))}

    eventually(lambda: not missing(), 60)


def test_the_rules_are_evaluated_without_a_fault(metrics):
    names = {recorded.name for recorded in RECORDINGS}
    eventually(lambda: all(asked(metrics, f'{{__name__="{name}"}}') for name in names), 90)

    groups = metrics.get("/api/v1/rules").json()["data"]["groups"]
    assert {rule["health"] for group in groups for rule in group["rules"]} == {"ok"}
    firing = 'ALERTS{alertname="WatchkeeperIncident", model="loans", alertstate="firing"}'
    eventually(lambda: asked(metrics, firing), 30)
