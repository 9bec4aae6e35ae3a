"""KPIs by segment, and gaps between segments."""

from dataclasses import replace

import numpy as np
import pytest
from simulated import SPEC, World

from monitor.core.spec import Bound, ModelSpec, Task
from monitor.core.windows import Sample
from monitor.detectors.performance.realized import RealizedPerformance
from monitor.detectors.performance.segments import by_segment, groups_of

BY_REGION = replace(SPEC, segments=("region",))


def turned(sample, region, share):
    """Some answers of a region are turned around."""
    rng = np.random.default_rng(1)
    wrong = (sample.labels["region"] == region) & (rng.random(sample.rows) < share)
    said = np.where(sample.prediction == "1", "0", "1").astype(object)
    return replace(sample, prediction=np.where(wrong, said, sample.prediction))


def measured(reference, current, spec=BY_REGION):
    return {(m.method, m.segment): m for m in by_segment(spec, reference, current)}


def test_a_segment_whose_answers_went_wrong_is_named_and_no_other():
    world = World.of(1)
    found = measured(world.sample(6_000, 0, 1), turned(world.sample(4_000, 0, 2), "south", 0.5))
    unlikely = {key for key, m in found.items() if m.p_value < 1e-4}

    assert unlikely == {("accuracy", "region=south"), ("accuracy_gap", "region=south")}
    gap = found["accuracy_gap", "region=south"]
    assert gap.value == pytest.approx(gap.evidence["others"] - gap.evidence["own"])
    assert gap.low < gap.value < gap.high


def test_where_nothing_changed_few_segments_look_worse():
    world, reference = World.of(2), World.of(2).sample(4_000, 0, 1)
    chances = [
        m.p_value
        for seed in range(8)
        for m in measured(reference, world.sample(1_500, 0, 100 + seed)).values()
    ]

    assert np.mean(np.array(chances) < 0.05) < 0.12
    assert min(chances) > 1e-4


def test_a_kpi_that_the_spec_bounds_is_measured_too():
    spec = replace(BY_REGION, kpis={"recall": Bound(min=0.5), "latency_p99_ms": Bound(max=1)})
    sample = World.of(1).sample(2_000, 0, 1)

    methods = {method for method, _ in measured(sample, sample, spec)}
    assert methods == {"accuracy", "roc_auc", "recall", "accuracy_gap"}


def test_small_segments_and_unknown_features_say_nothing():
    sample = World.of(1).sample(60, 0, 1)

    assert measured(sample, sample) == {}
    assert measured(sample, sample, replace(SPEC, segments=("gone",))) == {}
    assert groups_of(sample, "gone") is None


def test_a_segment_that_the_reference_lacks_has_no_expectation():
    found = measured(Sample(0), World.of(1).sample(2_000, 0, 1))

    assert {m.p_value for m in found.values()} == {1.0}
    assert {m.expected for m in found.values()} == {None}


def test_numbers_may_be_segments_and_errors_are_compared_in_no_unit():
    rng = np.random.default_rng(4)
    spec = ModelSpec(Task.REGRESSION, segments=("vip",))
    vip, error = rng.integers(0, 2, 2_000).astype(float), rng.normal(size=2_000)

    def rows(unit):
        return Sample(
            2_000,
            [str(i) for i in range(2_000)],
            numbers={"vip": vip},
            prediction=unit * error * (1 + vip),
            actual=np.zeros(2_000),
        )

    one, other = measured(rows(1), rows(1), spec), measured(rows(1e4), rows(1e4), spec)
    assert one["mae_gap", "vip=1"].value == pytest.approx(other["mae_gap", "vip=1"].value)
    assert one["mae_gap", "vip=1"].value == pytest.approx(1, abs=0.2)
    assert one["mae", "vip=1"].value > one["mae", "vip=0"].value


def test_realized_performance_brings_the_segments_along():
    sample = World.of(1).sample(2_000, 0, 1)
    found = list(RealizedPerformance().measure(BY_REGION, sample, sample))

    assert {m.segment for m in found} >= {None, "region=north"}
