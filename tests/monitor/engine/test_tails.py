"""Tails: bounds that clean data keeps and broken data does not."""

import numpy as np
import pytest

from monitor.core.profile import Bins, Profile
from monitor.core.spec import FeatureType
from monitor.engine.tails import reach

DRAWS = {
    "normal": lambda rng, n: rng.normal(10, 3, n),
    "lognormal": lambda rng, n: rng.lognormal(size=n),
    "uniform": lambda rng, n: rng.uniform(5, 9, n),
    "exponential": lambda rng, n: rng.exponential(size=n),
    "t3": lambda rng, n: rng.standard_t(3, n),
}


def profile(values, kind=FeatureType.NUMBER):
    values = np.asarray(values, float)
    bins = Bins.of(values)
    return Profile(
        kind,
        rows=len(values),
        minimum=values.min(),
        maximum=values.max(),
        total=values.sum(),
        squares=(values**2).sum(),
        bins=bins,
        counts=np.bincount(bins.place(values), minlength=len(bins)),
    )


@pytest.mark.parametrize("name", DRAWS)
def test_few_of_a_thousand_clean_windows_pass_the_bounds(name):
    rng, draw, outside, windows = np.random.default_rng(11), DRAWS[name], 0, 0
    for _ in range(20):
        low, high = reach(profile(draw(rng, 20_000)))
        for _ in range(20):
            values = draw(rng, 20_000)
            windows += 1
            outside += values.min() < low or values.max() > high

    assert outside <= 0.008 * windows  # about 3 in 1,000, and three deviations


@pytest.mark.parametrize("name", ["normal", "uniform"])
def test_a_change_of_unit_passes_the_bounds(name):
    rng = np.random.default_rng(3)
    values = DRAWS[name](rng, 20_000)
    low, high = reach(profile(values))
    for factor in (100, -1):
        wrong = values * factor
        assert np.mean((wrong < low) | (wrong > high)) > 0.8


def test_what_is_never_negative_stays_so():
    low, _ = reach(profile(np.random.default_rng(0).exponential(size=1000)))
    assert low == 0
    _, high = reach(profile(-np.random.default_rng(0).exponential(size=1000)))
    assert high == 0


def test_what_keeps_far_from_zero_has_a_bound_of_its_own():
    low, high = reach(profile(np.random.default_rng(0).normal(290, 5, 1000)))
    assert 150 < low < 275
    assert 305 < high < 600


def test_shares_stay_between_zero_and_one():
    rng = np.random.default_rng(0)
    assert reach(profile(rng.beta(2, 2, 20_000))) == (0, 1)
    low, high = reach(profile(rng.exponential(0.09, 20_000)))
    assert low == 0
    assert high > 1.25


def test_too_few_or_constant_rows_give_no_bounds():
    assert reach(profile(np.arange(99.0))) == (None, None)
    assert reach(profile(np.ones(500))) == (None, None)
    assert reach(Profile(FeatureType.NUMBER, rows=500)) == (None, None)


def test_bounds_hold_every_row_that_was_seen():
    rng = np.random.default_rng(5)
    for scale in (1e-12, 1.0, 1e12):
        for shape in (
            rng.normal(size=500),
            rng.integers(0, 3, 500),
            rng.pareto(0.3, 500),
            np.concatenate([np.zeros(499), [1.0]]),
        ):
            values = scale * shape
            low, high = reach(profile(values))
            assert low <= values.min()
            assert values.max() <= high


def test_bounds_past_what_a_float_holds_are_none():
    def edge(top):
        bins = Bins.from_edges([0.0, top / 4, top / 2])
        counts = np.array([300, 100, 100, 100])
        return Profile(
            FeatureType.NUMBER, rows=600, minimum=-top, maximum=top, bins=bins, counts=counts
        )

    assert reach(edge(1e308)) == (None, None)
    assert all(bound is None or abs(bound) > 8e307 for bound in reach(edge(8e307)))
    assert reach(edge(1e-310)) == (None, None)
