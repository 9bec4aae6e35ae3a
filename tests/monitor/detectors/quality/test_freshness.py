"""Moments that are too old or too new."""

import numpy as np
from counted import sample

from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task
from monitor.detectors.quality.freshness import Freshness

SPEC = ModelSpec(Task.BINARY, {"since": FeatureSpec(FeatureType.TIMESTAMP), "a": FeatureSpec()})
DAY = 86_400.0


def drawn(since, start=0):
    """Rows a second apart, each with a moment so many days before its own time."""
    rows = np.arange(len(since))
    return sample({"since": start + rows - np.array(since) * DAY, "a": rows * 1.0}, {}, start)


def measured(reference, current):
    return {m.method: m for m in Freshness().measure(SPEC, reference, current)}


REFERENCE = drawn(np.random.default_rng(1).uniform(0, 100, 500))


def test_moments_that_grow_with_time_are_fresh_for_ever():
    found = measured(REFERENCE, drawn([0, 50, 100, 150], start=10**9))

    assert {m: v.value for m, v in found.items()} == {"future": 0, "stale": 0}


def test_a_moment_in_the_future_and_one_long_past_are_named():
    found = measured(REFERENCE, drawn([-400, 50, 20_000, np.nan], start=10**9))

    assert found["future"].value == found["stale"].value == 1 / 3
    assert found["future"].evidence["examples"][0]["prediction_id"] == "r1000000000"
    assert found["stale"].evidence["examples"][0]["prediction_id"] == "r1000000002"
    assert found["stale"].p_value is None


def test_what_lies_in_the_future_by_nature_may():
    due = drawn(np.random.default_rng(1).uniform(-100, 0, 500))

    assert measured(due, drawn([-150]))["future"].value == 0
    assert measured(due, drawn([-400]))["future"].value == 1


def test_without_values_on_both_sides_nothing_is_measured():
    assert measured(REFERENCE, drawn([np.nan])) == {}
    assert measured(drawn([1] * 5), drawn([1])) == {}
    assert measured(sample({"a": np.ones(30)}), drawn([1])) == {}
