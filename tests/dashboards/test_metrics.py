"""Rules and boards name only metrics that the service has."""

import re

import pytest
from sources import ROOT

from monitor.dashboards.rules import RECORDINGS
from monitor.service.metrics import METRICS

FILES = [
    *sorted((ROOT / "dashboards").rglob("*.json")),
    ROOT / "dashboards/prometheus/alerts.yml",
    ROOT / "dashboards/prometheus/alerts.test.yml",
]


def exposed() -> set[str]:
    """Every name that /metrics may show: a histogram shows three."""
    parts = ("", "_bucket", "_sum", "_count")
    return {name + part for name in METRICS for part in parts}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_a_file_names_only_metrics_that_the_service_has(path):
    recorded = {part for record in RECORDINGS for part in record.name.split(":")[1:2]}
    named = set(re.findall(r"\bwatchkeeper_\w+", path.read_text())) - recorded

    assert named
    assert named - exposed() == set()


def test_every_metric_that_the_contract_fixes_is_there():
    text = (ROOT / "CONTRACT.md").read_text()

    assert set(re.findall(r"`(watchkeeper_\w+)", text)) - {"watchkeeper_"} - METRICS.keys() == set()
