"""Features that stand still."""

from datetime import timedelta

import numpy as np
import pytest
from counted import sample

from monitor.core.spec import ModelSpec, Task, WindowSpec
from monitor.core.windows import Sample
from monitor.detectors.quality.constant import Constant

SPEC = ModelSpec(Task.BINARY)


def drawn(seed, n, start=0):
    rng = np.random.default_rng(seed)
    numbers = {
        "a": rng.normal(size=n),
        "zeros": np.where(rng.random(n) < 0.95, 0.0, rng.normal(size=n)),
    }
    return sample(numbers, {"b": rng.choice(list("xyz"), n, p=[0.8, 0.1, 0.1])}, start)


def measured(reference, current, spec=SPEC):
    return {m.feature: m for m in Constant().measure(spec, reference, current)}


def stuck(held, **runs):
    numbers = {n: v.copy() for n, v in held.numbers.items()}
    labels = {n: v.copy() for n, v in held.labels.items()}
    for name, (first, rows, value) in runs.items():
        (numbers if name in numbers else labels)[name][first : first + rows] = value
    return Sample(held.total, held.prediction_ids, held.timestamps, numbers, labels)


def test_a_short_run_of_a_number_is_no_chance_and_a_long_one_of_zeros_is():
    current = stuck(drawn(2, 1000, 9000), a=(300, 12, 0.5), zeros=(300, 60, 0.0))

    found = measured(drawn(1, 4000), current)

    assert (found["a"].value, found["a"].p_value < 1e-9) == (0.012, True)
    assert found["a"].evidence["value"] == 0.5
    assert found["a"].evidence["prediction_ids"] == [f"r{i}" for i in range(9300, 9312)]
    assert found["zeros"].p_value == 1


def test_a_category_that_does_not_move_at_all_is_found():
    current = stuck(drawn(2, 400, 9000), b=(0, 400, "x"))

    m = measured(drawn(1, 4000), current)["b"]

    assert (m.value, m.p_value < 1e-12) == (1.0, True)


def test_chance_alone_alarms_no_more_often_than_its_level():
    found = [
        m.p_value
        for seed in range(60)
        for m in measured(drawn(seed, 2000), drawn(500 + seed, 500, 9000)).values()
    ]

    assert np.mean(np.array(found) <= 0.05) <= 0.05
    assert min(found) > 1e-4


def test_what_stays_for_a_while_by_nature_is_expected_to():
    def weather(seed, n, start=0):
        steps = np.random.default_rng(seed).normal(size=n // 50 + 1)
        return sample({"rain": np.repeat(steps, 50)[:n]}, {}, start)

    m = measured(weather(1, 4000), weather(2, 1000, 9000))["rain"]

    assert m.p_value > 0.01


def test_rows_of_a_reference_that_lie_farther_apart_than_a_window_tell_nothing():
    rare = ModelSpec(Task.BINARY, window=WindowSpec(every=timedelta(seconds=1)))
    reference = drawn(1, 1000)
    apart = Sample(1000, reference.prediction_ids, reference.timestamps * 60, reference.numbers, {})

    assert measured(apart, stuck(drawn(2, 500), a=(0, 500, 1.0)), rare) == {}
    assert measured(apart, stuck(drawn(2, 500), a=(0, 500, 1.0)))["a"].p_value < 1e-12


@pytest.mark.parametrize("values", [[np.nan] * 50, [1.0] * 50])
def test_a_feature_that_was_constant_or_missing_before_is_not_measured(values):
    before = sample({"a": np.array(values)})

    assert measured(before, drawn(2, 100)) == {}
    assert measured(drawn(1, 500), sample({"a": np.full(50, np.nan)})) == {}
    assert measured(drawn(1, 500), Sample(0)) == {}


def test_part_of_a_window_is_judged_only_where_its_neighbours_can_be_compared():
    few = stuck(drawn(2, 150, 9000), a=(30, 20, 0.5))
    current = stuck(drawn(2, 1000, 9000), a=(300, 20, 0.5))
    held = drawn(1, 4000)
    apart = Sample(4000, held.prediction_ids, held.timestamps * 60, held.numbers, held.labels)

    assert measured(held, current)["a"].p_value < 1e-12
    assert measured(held, few)["a"].p_value == 1
    assert measured(apart, current)["a"].p_value == 1
    assert measured(apart, stuck(current, a=(0, 1000, 0.5)))["a"].p_value < 1e-12


def test_what_stays_in_the_rest_of_the_window_too_is_no_sign():
    current = drawn(2, 1000, 9000)
    rng = np.random.default_rng(8)
    sticky = np.repeat(rng.normal(size=100), 10)
    sticky[400:425] = 0.25
    held = Sample(
        1000,
        current.prediction_ids,
        current.timestamps,
        {"a": sticky, "zeros": current.numbers["zeros"]},
        current.labels,
    )

    assert measured(drawn(1, 4000), held)["a"].p_value > 0.01
