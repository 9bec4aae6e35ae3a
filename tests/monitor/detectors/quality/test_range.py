"""Numbers out of range."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest
from counted import HOUR, counted, profiles
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.spec import FeatureSpec, ModelSpec, Task
from monitor.detectors.quality.range import Range, far

SPEC = ModelSpec(Task.BINARY, {"age": FeatureSpec(min=0, max=120), "city": FeatureSpec()})


def measured(before, now, method="share"):
    reference = profiles(age=counted(before, low=0, high=120), city=["a"] * len(before))
    current = profiles(age=counted(now, reference["age"], low=0, high=120), city=["b"] * len(now))
    found = Range().measure(SPEC, HOUR, reference, current)
    return [m for m in found if m.method == method]


def test_a_value_outside_breaks_the_rule():
    (m,) = measured([20, 30, 40], [-5, 30, 200, 150])

    assert (m.value, m.p_value, m.expected) == (0.75, None, 0)
    assert m.evidence == {"below": 1, "above": 2, "minimum": -5, "maximum": 200}


def test_the_bounds_themselves_are_inside():
    (m,) = measured([20, 30, 40], [0, 120])

    assert m.value == 0


def test_a_reference_that_breaks_the_rule_itself_makes_it_a_matter_of_chance():
    (same,) = measured([-1, 30] * 500, [-1, 30] * 10)
    (more,) = measured([-1, 30] * 500, [-1] * 40)

    assert same.p_value == 1
    assert more.p_value < 1e-6


CHANGES = {
    "times 1000": lambda v: v * 1000,
    "times 100": lambda v: v * 100,
    "divided by 1000": lambda v: v / 1000,
    "°C to °F": lambda v: v * 1.8 + 32,
    "kg to lb": lambda v: v * 2.20462,
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_unit_is_recognised(name):
    rng = np.random.default_rng(4)
    ages = rng.uniform(18, 80, 2000)

    (m,) = measured(ages, CHANGES[name](rng.uniform(18, 80, 500)), "unit")

    assert m.evidence["unit"] == name
    assert m.value > 0.3
    assert m.p_value < 1e-12


def test_all_values_outside_after_a_change_of_unit_say_the_factor():
    ages = np.random.default_rng(4).uniform(18, 80, 500)

    (m,) = measured(ages, ages * 1000)

    assert m.evidence["scale"] == 1000


@pytest.mark.parametrize("change", [lambda v: v, lambda v: v + 60, lambda v: v * 1.3])
def test_what_did_not_change_its_unit_is_not_said_to_have(change):
    rng = np.random.default_rng(5)

    assert not measured(rng.uniform(18, 80, 2000), change(rng.uniform(18, 80, 500)), "unit")


def test_values_far_out_of_range_are_not_taken_for_a_change_of_unit():
    ages = np.random.default_rng(5).uniform(18, 80, 500)

    (m,) = measured(ages, ages + 5000)

    assert "scale" not in m.evidence


def test_nothing_finite_is_not_measured():
    assert not measured([20, 30], [None, np.nan])


def test_placeholders_are_counted_as_far_and_drift_is_not():
    rng = np.random.default_rng(6)
    ages = rng.uniform(18, 80, 2000)
    spoilt = np.where(np.arange(2000) < 60, 99_999.0, ages)
    spike = np.where(np.arange(2000) < 1, 1e9, ages + 100)

    assert measured(ages, spoilt)[0].evidence["far"] == pytest.approx(0.03, abs=1e-4)
    assert "far" not in measured(ages, ages + 100)[0].evidence
    assert measured(ages, spike)[0].evidence["far"] <= 1 / 2000
    assert "far" not in measured([30] * 9, [1e6])[0].evidence


def test_values_whose_squares_overflow_do_not_harm():
    profile = replace(counted([30, 1e9], low=0, high=120), maximum=1e200, total=1e200, squares=inf)

    assert far(FeatureSpec(min=0, max=120), counted([20, 30]), profile) == 0.0


@given(st.lists(st.floats(-1e5, 1e5), min_size=1, max_size=40))
def test_no_more_values_are_called_far_than_are(values):
    (m,) = measured([20, 30, 40], values)
    truly = np.mean(np.abs(np.array(values) - 30) > 10.5 * 20)

    assert m.evidence.get("far", 0.0) <= truly + 1e-9
