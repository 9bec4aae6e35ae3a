"""Traps that other tools fell into, each by name: METHODS 3 says who."""

import numpy as np
import pytest
from counted import HOUR, counted, profiles

from monitor.core.spec import ModelSpec, Task, WindowSpec
from monitor.detectors.drift.columns import category_effect, number_effect
from monitor.detectors.drift.distances import BY_CELL, METHODS, psi
from monitor.detectors.drift.effects import Effect, NotCompared, effect
from monitor.detectors.drift.univariate import Univariate, compared
from monitor.detectors.quality.missing import Missing
from monitor.detectors.quality.schema import Schema

SPEC = ModelSpec(Task.BINARY, window=WindowSpec(min_rows=100))


def normal(n, shift=0.0, seed=1):
    return np.random.default_rng(seed).normal(shift, 1, n)


def labels(**counts):
    return np.array([name for name, n in counts.items() for _ in range(n)], object)


def states(reference, current, spec=SPEC):
    return dict(compared(spec, reference, current))


def test_empty_bins_do_not_explode_psi():
    assert psi(np.array([50, 50, 0]), np.array([45, 45, 10])) < 1
    far = number_effect("psi", normal(2000), normal(2000, 100))
    assert 1 < far.value < 20  # other tools say 134


@pytest.mark.parametrize("method", METHODS)
def test_numeric_nan_is_no_value_and_is_counted(method):
    holes = normal(3000, seed=2)
    holes[::3] = np.nan

    found = number_effect(method, normal(5000), holes)
    assert found.value == pytest.approx(
        number_effect(method, normal(5000), holes[~np.isnan(holes)]).value
    )
    window = profiles(a=counted(holes))
    assert window["a"].nonfinite == 1000
    told = Missing().measure(SPEC, HOUR, profiles(a=normal(5000)), window)
    assert {m.method: m.value for m in told}["nonfinite"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("method", BY_CELL)
def test_a_category_new_in_the_window_counts(method):
    found = category_effect(method, labels(a=600, b=400), labels(a=270, b=180, new=50))

    assert found.p_value < 1e-9
    assert found.evidence["moved"][0]["category"] == "new"
    assert found.evidence["moved"][0]["contribution"] > 0.45


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_that_stays_is_no_drift_and_no_nan(method):
    found = number_effect(method, np.full(500, 3.0), np.full(300, 3.0))

    assert (found.value, found.low, found.p_value) == (pytest.approx(0), 0, 1)


@pytest.mark.parametrize("method", BY_CELL)
def test_a_constant_that_moves_by_next_to_nothing_is_no_drift(method):
    before = counted(np.full(500, 1.0))

    found = effect(method, before, counted(np.full(300, 1.0002), before))
    assert (found.low, found.p_value) == (0, 1)


@pytest.mark.parametrize("method", METHODS)
def test_a_window_in_which_all_is_missing_is_a_state_of_its_own(method):
    before = counted(normal(500))

    gone = effect(method, before, counted([None] * 300, before))
    assert isinstance(gone, NotCompared)
    assert gone.few
    assert "0 values" in gone.reason
    assert isinstance(number_effect(method, normal(500), np.full(300, np.nan)), NotCompared)


def test_a_column_that_is_absent_spoils_no_other():
    reference = profiles(a=normal(5000), b=normal(5000, seed=2))
    current = profiles(reference, a=normal(500, 1, seed=3))

    found = states(reference, current)

    assert found["a"].p_value < 1e-12
    assert found["b"] == NotCompared("the window does not have it")
    gone = Schema().measure(SPEC, HOUR, reference, current)
    assert [m.feature for m in gone if m.value > 0] == ["b"]


@pytest.mark.parametrize("method", METHODS)
def test_whole_numbers_with_ties_are_compared_value_by_value(method):
    rng = np.random.default_rng(4)
    before, now = rng.poisson(2, 4000).astype(float), rng.poisson(2, 1500).astype(float)
    moved = rng.poisson(3, 1500).astype(float)

    assert number_effect(method, before, now).p_value > 0.001
    assert number_effect(method, before, moved).p_value < 1e-12


@pytest.mark.parametrize("method", BY_CELL)
def test_two_hundred_categories_alarm_no_more_often_than_two(method):
    rng = np.random.default_rng(5)
    names = np.array([f"c{i}" for i in range(200)], object)
    share = 1 / np.arange(1, 201) ** 1.1
    share /= share.sum()
    found = [
        category_effect(
            method, rng.choice(names, 10_000, p=share), rng.choice(names, 1000, p=share)
        )
        for _ in range(20)
    ]

    assert sum(f.p_value <= 0.05 for f in found) <= 4
    assert all(f.low < 0.1 for f in found)
    tilted = share**1.4 / (share**1.4).sum()
    moved = category_effect(
        method, rng.choice(names, 10_000, p=share), rng.choice(names, 1000, p=tilted)
    )
    assert moved.p_value < 1e-9


@pytest.mark.parametrize("method", METHODS)
def test_infinities_are_counted_and_leave_every_number_finite(method):
    before, now = normal(3000), normal(1000, 0.5, seed=2)
    before[:5], now[:5], now[5:10] = np.inf, np.inf, -np.inf

    found = number_effect(method, before, now)
    assert np.isfinite([found.value, found.low, found.high, found.p_value]).all()
    assert found.value == pytest.approx(number_effect(method, before[5:], now[10:]).value)


def test_one_outlier_does_not_hide_a_shift_from_psi():
    now = np.append(normal(2000, 1, seed=2), 1e6)

    assert number_effect("psi", normal(5000), now).low > 0.5


def test_one_outlier_does_not_explode_wasserstein_of_profiles():
    before = counted(normal(5000))
    now = np.append(normal(2000, seed=2), 1e6)

    assert effect("wasserstein", before, counted(now, before)).value < 0.1


@pytest.mark.parametrize("method", METHODS)
def test_a_window_of_one_row_is_no_evidence(method):
    one = effect(method, counted(normal(5000)), counted([4.0], counted(normal(5000))), fewest=100)
    assert one == NotCompared("1 values in the window, 100 needed", few=True)
    alone = number_effect(method, normal(5000), np.array([1.0]))
    assert alone.p_value > 0.01
    assert alone.low < 0.1 or method == "wasserstein"


def test_one_new_category_in_two_thousand_rows_is_no_alarm_by_chi_square():
    found = category_effect("chi_square", labels(a=6000, b=4000), labels(a=1200, b=799, new=1))

    assert found.p_value > 0.05
    assert found.low < 0.02


@pytest.mark.parametrize("values", [normal(1000), labels(a=600, b=400)])
def test_a_share_of_missing_values_that_jumps_is_seen(values):
    reference = profiles(a=list(values))
    current = profiles(reference, a=[*list(values[:400]), *[None] * 600])

    told = {m.method: m for m in Missing().measure(SPEC, HOUR, reference, current)}
    assert any(m.value == pytest.approx(0.6) and m.p_value < 1e-12 for m in told.values())
    assert isinstance(states(reference, current)["a"], Effect)


@pytest.mark.parametrize("method", METHODS)
def test_a_leftover_of_three_rows_says_so_and_takes_no_power_from_the_others(method):
    before = counted(normal(5000))
    chunks = [normal(1000, 0.7, seed=2), normal(3, 0.7, seed=3)]

    whole, leftover = (effect(method, before, counted(c, before), 100) for c in chunks)

    assert leftover.few
    assert whole.p_value < 1e-12
    assert whole.low > 0.05


def test_not_enough_rows_is_neither_drift_nor_no_drift():
    reference = profiles(a=normal(5000), b=normal(20), c=["x"] * 500)
    current = profiles(reference, a=normal(99), b=normal(99), c=["x"] * 99)

    found = states(reference, current)

    assert all(isinstance(f, NotCompared) and f.few for f in found.values())
    assert found["a"].reason == "99 values in the window, 100 needed"
    assert found["b"].reason == "20 reference values, 30 needed"
    (told,) = Univariate().measure(SPEC, HOUR, reference, current)
    assert (told.method, told.value, told.p_value) == ("not_compared", 3, None)
    assert told.evidence["features"][0] == {"feature": "a", "reason": found["a"].reason}
    assert states(profiles(c=["x"] * 500), profiles(c=normal(500)))["c"] == NotCompared(
        "it is number, and was category in the reference"
    )
