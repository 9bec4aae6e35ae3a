"""Memory, processors, cost and errors, from samples."""

from datetime import UTC, datetime

import pytest

from monitor.core.resources import ResourceSample, Usage
from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Window
from monitor.detectors import USAGE
from monitor.detectors.resource.cost import Cost

SPEC = ModelSpec(Task.BINARY)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = Window.holding(NOW, SPEC.window.every)


def usage(*samples, predictions=1_000):
    return Usage(HOUR, "1", [ResourceSample(NOW, **s) for s in samples], predictions)


def measured(*samples, **given):
    return {(d.name, m.method): m for d in USAGE for m in d.measure(SPEC, usage(*samples, **given))}


def test_each_measures_what_was_reported_and_nothing_else():
    found = measured(
        {"memory_bytes": 1e9, "cpu_cores": 1.0, "cost": 0.2, "host": "a"},
        {"memory_bytes": 3e9, "cpu_cores": 2.0, "cost": 0.3, "host": "b"},
        {"gpu_memory_bytes": 5e9, "gpu_share": 0.5, "requests": 200, "errors": 3},
    )

    assert {key: m.value for key, m in found.items()} == {
        ("resource.memory", "peak_bytes"): 3e9,
        ("resource.memory", "gpu_peak_bytes"): 5e9,
        ("resource.cpu", "mean_cores"): 1.5,
        ("resource.cpu", "gpu_mean_share"): 0.5,
        ("resource.cost", "per_1000"): pytest.approx(0.5),
        ("resource.throughput", "error_share"): 0.015,
    }
    assert found["resource.memory", "peak_bytes"].evidence == {"host": "b", "samples": 2}
    assert found["resource.throughput", "error_share"].low < 0.015
    assert {m.p_value for m in found.values()} == {None}


def test_what_was_not_reported_is_not_measured():
    assert measured({"requests": 0, "errors": 0}) == {}
    assert measured({"cost": 1.0}, predictions=0) == {}


def test_without_predictions_requests_stand_in():
    (found,) = Cost().measure(SPEC, usage({"cost": 2.0, "requests": 500}, predictions=0))

    assert found.value == 4


def test_more_errors_than_requests_are_all_of_them():
    found = measured({"requests": 2, "errors": 5})

    assert found["resource.throughput", "error_share"].value == 1


@pytest.mark.parametrize("detector", USAGE, ids=lambda d: type(d).__name__)
def test_its_name_is_its_path(detector):
    assert type(detector).__module__ == f"monitor.detectors.{detector.name}"
