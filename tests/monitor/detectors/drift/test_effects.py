"""How much changed, how sure that is, and how often chance does the same."""

import numpy as np
import pytest
from counted import counted

from monitor.core.spec import FeatureType
from monitor.detectors.drift.distances import BY_CELL, METHODS, kolmogorov_smirnov, wasserstein
from monitor.detectors.drift.effects import NotCompared, effect

GENERATORS = {
    "normal": lambda rng, n: rng.normal(size=n),
    "whole numbers": lambda rng, n: rng.poisson(1.5, n).astype(float),
    "mostly zero": lambda rng, n: np.where(rng.random(n) < 0.6, 0, rng.lognormal(0, 2, n)),
    "categories": lambda rng, n: np.array(list("aaaaabbbccde"))[rng.integers(12, size=n)],
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("values", ["normal", "categories"])
def test_the_same_rows_have_no_distance(method, values):
    rows = GENERATORS[values](np.random.default_rng(1), 2000)
    before = counted(rows)

    found = effect(method, before, counted(rows, before))

    assert found.value == pytest.approx(0, abs=1e-9)
    assert (found.low, found.p_value) == (0, 1)


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_stays_finite_whatever_becomes_of_it(method):
    before = counted(np.ones(500))

    for now, changed in ((1.0, False), (1.0002, False), (3.0, True)):
        found = effect(method, before, counted(np.full(300, now), before))
        assert np.isfinite([found.value, found.low, found.high]).all()
        assert (found.low > 0.1) is changed
        assert (found.p_value < 1e-9) is changed or method == "wasserstein"


@pytest.mark.parametrize("method", METHODS)
def test_a_shift_by_half_a_deviation_is_seen_and_its_interval_holds_the_value(method):
    rng = np.random.default_rng(2)
    before = counted(rng.normal(size=10_000))

    found = effect(method, before, counted(rng.normal(0.5, 1, 2000), before))

    assert found.method == method
    assert found.p_value < 1e-12
    assert 0 < found.low < found.value < found.high


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("method", ["jensen_shannon", "kolmogorov_smirnov"])
def test_chance_alone_alarms_no_more_often_than_its_level(name, method):
    rng, p_values, lows = np.random.default_rng(3), [], []
    for _ in range(250):
        before = counted(GENERATORS[name](rng, 1500))
        for _ in range(2):
            found = effect(method, before, counted(GENERATORS[name](rng, 250), before))
            p_values.append(found.p_value)
            lows.append(found.low)
    p = np.array(p_values)

    for level in (0.05, 0.01, 0.001):
        assert np.sum(p <= level) <= 500 * level + 3.5 * np.sqrt(500 * level) + 1
    assert np.mean(np.array(lows) > 0.1) < 0.01


def test_a_new_category_shows():
    before = counted(["a", "b", "c"] * 3000)

    found = effect(None, before, counted(["a", "b", "c"] * 60 + ["new"] * 20))

    assert found.method == "jensen_shannon"
    assert found.p_value < 1e-9
    assert found.low > 0.1
    assert found.evidence["moved"][0]["category"] == "new"


def test_one_new_row_in_two_thousand_is_no_evidence():
    before = counted(["a", "b", "c"] * 3000)

    assert effect(None, before, counted(["a", "b", "c"] * 666 + ["new"])).p_value > 0.05


def test_one_outlier_neither_hides_a_shift_nor_makes_one():
    rng = np.random.default_rng(4)
    before = counted(rng.normal(size=5000))
    for method in METHODS:
        still = effect(method, before, counted(np.append(rng.normal(size=2000), 1e6), before))
        moved = effect(method, before, counted(np.append(rng.normal(0.7, 1, 2000), 1e6), before))
        assert still.p_value > 1e-4
        assert still.value < moved.low
        assert moved.p_value < 1e-12


def test_on_profiles_the_distance_of_raw_values_is_met_to_within_the_bins():
    rng = np.random.default_rng(5)
    old, new = rng.normal(size=4000), rng.normal(0.3, 1.3, 1500)
    before = counted(old)
    now = counted(new, before)

    gap = effect("kolmogorov_smirnov", before, now).value
    assert gap == pytest.approx(kolmogorov_smirnov(old, new), abs=1 / 256)
    area = effect("wasserstein", before, now).value
    assert area == pytest.approx(wasserstein(old, new), abs=0.03)


def test_wasserstein_of_few_distinct_values_is_exact():
    old, new = np.array([0.0, 1, 2, 5] * 50), np.array([0.0, 5, 5, 2] * 50)
    before = counted(old)

    found = effect("wasserstein", before, counted(new, before))

    # The profile's deviation divides by n - 1.
    unit = np.std(old, ddof=1) / np.std(old)
    assert found.value == pytest.approx(wasserstein(old, new) / unit, abs=1e-9)


def test_categories_have_no_order_so_methods_of_order_fall_back():
    before = counted(["a", "b"] * 500)

    assert effect("wasserstein", before, counted(["a", "b"] * 50)).method == "jensen_shannon"


def test_an_unknown_method_falls_back_to_the_default():
    before = counted(np.arange(500.0))

    assert effect("mystery", before, counted(np.arange(300.0), before)).method == "jensen_shannon"


def test_booleans_are_compared_as_categories():
    before = counted([True, False] * 500, kind=FeatureType.BOOLEAN)

    found = effect("psi", before, counted([True] * 300, kind=FeatureType.BOOLEAN))

    assert found.method in BY_CELL
    assert found.p_value < 1e-12


@pytest.mark.parametrize("kind", [FeatureType.TEXT])
def test_what_has_no_counts_is_not_compared(kind):
    words = counted(["a b"] * 100, kind=kind)

    assert isinstance(effect(None, words, words), NotCompared)


def test_too_small_a_reference_and_no_rows_are_not_compared():
    before = counted(np.arange(20.0))
    enough = counted(np.arange(200.0))

    assert isinstance(effect(None, before, counted(np.arange(300.0), before)), NotCompared)
    assert isinstance(effect(None, enough, counted([None, np.nan], enough)), NotCompared)


def test_a_type_that_changed_is_not_compared():
    assert isinstance(effect(None, counted(["a"] * 100), counted(np.arange(100.0))), NotCompared)
