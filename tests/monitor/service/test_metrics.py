"""Metrics: names that promtool likes, counts that hold, series that stay few."""

import shutil
import subprocess

import pytest
from prometheus_client import generate_latest

from monitor.core.rows import Accepted, Kind, Rejection
from monitor.service.metrics import METRICS, OTHER, VERSIONS, ServiceMetrics, create_registry


@pytest.fixture
def registry():
    return create_registry()


def test_every_metric_of_the_table_is_shown_and_no_other(house):
    house.training.champion = "1"
    house.post("/v1/models/loans/predictions", json=[])
    shown = {
        line.split()[2].removesuffix("_created")
        for line in house.get("/metrics").text.splitlines()
        if line.startswith("# TYPE watchkeeper_")
    }

    assert shown == METRICS.keys()


def test_versions_of_a_model_make_few_series(registry):
    metrics = ServiceMetrics(registry)
    for version in range(100):
        metrics.predicted("loans", Accepted(2, versions={str(version): 2}))
    metrics.predicted("loans", Accepted(1, versions={"0": 1}))
    metrics.predicted("prices", Accepted(1, versions={"x" * 1000: 1, "7": 3}))

    def count(model, version):
        labels = {"model": model, "version": version}
        return registry.get_sample_value("watchkeeper_predictions_total", labels)

    assert count("loans", "0") == 3
    assert count("loans", str(VERSIONS)) is None
    assert count("loans", OTHER) == 2 * (100 - VERSIONS)
    assert count("prices", OTHER) == 1
    assert count("prices", "7") == 3


def test_reasons_of_rejection_never_carry_what_was_sent(registry):
    metrics = ServiceMetrics(registry)
    rejected = [Rejection(0, "timestamp: 'x'"), Rejection(1, "whatever a reader says")]
    metrics.ingested("loans", Kind.ACTUALS, Accepted(3, 0, rejected), 0.1)

    def count(reason):
        labels = {"model": "loans", "reason": reason}
        return registry.get_sample_value("watchkeeper_rows_rejected_total", labels)

    assert (count("timestamp"), count(OTHER)) == (1, 1)
    actuals = registry.get_sample_value("watchkeeper_actuals_total", {"model": "loans"})
    assert actuals == 3


def test_detectors_are_timed_and_their_failures_counted(registry):
    metrics = ServiceMetrics(registry)
    metrics.watch("quality.type", 0.5, failed=False)
    metrics.watch("quality.type", 0.5, failed=True)

    labels = {"detector": "quality.type"}
    assert registry.get_sample_value("watchkeeper_detector_seconds_sum", labels) == 1
    assert registry.get_sample_value("watchkeeper_detector_failures_total", labels) == 1


def test_two_services_do_not_share_a_registry():
    first, second = create_registry(), create_registry()
    ServiceMetrics(first)
    ServiceMetrics(second).watch("a", 1)

    assert b'detector="a"' not in generate_latest(first)


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_promtool_finds_nothing_to_say(house, make):
    house.judged.findings = [make["finding"]()]
    house.judged.save_incident(make["incident"]())
    house.training.champion = "1"
    for body in ({"features": {}}, {"features": 1}):
        house.post("/v1/models/loans/predictions", json=body)
    text = house.get("/metrics").text

    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )

    assert done.stdout + done.stderr == ""
    assert done.returncode == 0
