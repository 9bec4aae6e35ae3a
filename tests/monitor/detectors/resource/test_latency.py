"""How long answers take."""

import numpy as np
import pytest
from counted import HOUR, answers

from monitor.core.profile import Profiles
from monitor.core.spec import ModelSpec, Task
from monitor.detectors.resource.latency import Latency


def found(reference, current):
    return {
        m.method: m for m in Latency().measure(ModelSpec(Task.BINARY), HOUR, reference, current)
    }


def times(seed, n, factor=1.0):
    return answers(latency=factor * np.random.default_rng(seed).lognormal(3, 0.5, n))


def test_quantiles_are_right_to_within_a_bin():
    values = np.random.default_rng(1).lognormal(3, 0.5, 5000)

    result = found(Profiles(), answers(latency=values))

    for method, place in {"p50": 0.5, "p95": 0.95, "p99": 0.99}.items():
        assert result[method].value == pytest.approx(np.quantile(values, place), rel=0.075)
        assert (result[method].expected, result[method].p_value) == (None, 1)


def test_slower_answers_are_unlikely_and_faster_ones_are_not():
    reference = times(1, 5000)

    slow, fast = found(reference, times(2, 500, 1.5)), found(reference, times(3, 500, 0.7))

    assert all(m.p_value < 1e-6 for m in slow.values())
    assert all(m.p_value > 0.9 for m in fast.values())
    assert slow["p95"].expected == pytest.approx(np.exp(3 + 0.5 * 1.645), rel=0.1)


def test_chance_alone_alarms_no_more_often_than_its_level():
    p = np.array(
        [
            [m.p_value for m in found(times(2 * i, 2000), times(2 * i + 1, 300)).values()]
            for i in range(150)
        ]
    )

    assert (np.mean(p <= 0.05, axis=0) <= 0.1).all()


def test_few_rows_have_no_far_quantile():
    assert set(found(Profiles(), times(1, 10))) == {"p50"}
    assert set(found(Profiles(), times(1, 50))) == {"p50", "p95"}


def test_rows_without_latency_are_not_measured():
    assert not found(times(1, 100), Profiles(10))
