"""Whether numbers are those of another unit or feature."""

import numpy as np
import pytest
from counted import counted

from monitor.detectors.quality.fitting import UNITS, fits, moved, unit_change


def numbers(seed, n=500, **parts):
    return counted(np.random.default_rng(seed).normal(50, 10, n), **parts)


def test_the_gap_is_that_of_the_distribution_functions():
    before = counted([1, 2, 3, 4] * 10)
    now = counted([3, 3, 4, 4] * 10, before)

    gap, p_value = moved(before, now)

    assert gap == 0.5
    assert p_value == pytest.approx(9e-5, rel=0.2)


def test_chance_alone_is_no_smaller_than_it_says():
    rng = np.random.default_rng(3)
    found = []
    for _ in range(300):
        before = counted(rng.normal(size=400))
        found.append(moved(before, counted(rng.normal(size=200), before))[1])

    assert np.mean(np.array(found) < 0.05) <= 0.08


def test_too_few_values_or_other_bins_say_nothing():
    few, other = counted([1.0] * 5), counted([1.0, 2.0, 3.0] * 50)

    assert moved(few, other) == (0.0, 1.0)
    assert moved(numbers(1), other) == (0.0, 1.0)
    assert not fits(few, other)
    assert unit_change(counted([1.0] * 50), counted([1000.0] * 50)) is None


@pytest.mark.parametrize("unit", UNITS, ids=lambda u: u.name)
def test_each_change_of_unit_is_told_from_the_others(unit):
    now = unit.scale * np.random.default_rng(2).normal(50, 10, 400) + unit.shift

    assert unit_change(numbers(1), counted(now)) == unit


def test_the_same_values_fit_and_others_do_not():
    assert fits(numbers(1), numbers(2))
    assert not fits(numbers(1), counted([90.0, 91.0] * 100))
