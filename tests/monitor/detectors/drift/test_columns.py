"""Columns of values compared as they are, and what profiles of them lose."""

import warnings

import numpy as np
import pytest
from counted import counted
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from monitor.core.profile import INNER_BINS
from monitor.detectors.drift.columns import (
    category_effect,
    category_profile,
    number_effect,
    number_profile,
)
from monitor.detectors.drift.distances import BY_CELL, METHODS
from monitor.detectors.drift.effects import NotCompared, effect

numbers = st.one_of(
    st.integers(-6, 6).map(float),
    st.floats(-1e6, 1e6).map(lambda x: round(x, 3)),
    st.sampled_from([np.nan, np.inf, -np.inf]),
)
columns = arrays(float, st.integers(40, 300), elements=numbers)
words = arrays(object, st.integers(40, 300), elements=st.sampled_from(["a", "b", "c", None]))


def finite(values):
    return values[np.isfinite(values)]


@given(columns, columns)
def test_the_profile_of_a_column_is_that_of_the_store(before, now):
    ours, stored = number_profile(before), counted(before)
    again, later = number_profile(now, ours.bins), counted(now, stored)

    for one, other in ((ours, stored), (again, later)):
        assert (one.rows, one.finite, one.nonfinite) == (other.rows, other.finite, other.nonfinite)
        assert one.counts.tolist() == other.counts.tolist()
        assert (one.minimum, one.maximum) == (other.minimum, other.maximum)
        assert one.total == pytest.approx(other.total)


@given(words)
def test_the_profile_of_categories_is_that_of_the_store(values):
    ours, stored = category_profile(values), counted([*values.tolist(), "a"])

    assert {**ours.categories, "a": ours.categories.get("a", 0) + 1} == stored.categories
    assert ours.missing == stored.missing


@settings(deadline=None, max_examples=40)
@given(columns, columns)
def test_smirnovs_test_agrees_with_scipy_to_the_last_digits(before, now):
    found = number_effect("kolmogorov_smirnov", before, now)
    assume(not isinstance(found, NotCompared))

    with warnings.catch_warnings():  # it says so where it cannot be exact
        warnings.simplefilter("ignore", RuntimeWarning)
        exact = stats.ks_2samp(finite(before), finite(now), method="exact")
    assert found.value == pytest.approx(exact.statistic, abs=1e-9)
    assert found.p_value == pytest.approx(exact.pvalue, abs=1e-9)
    assert found.low <= found.value <= found.high


@settings(deadline=None, max_examples=40)
@given(columns, columns)
def test_wasserstein_agrees_with_scipy_to_the_last_digits(before, now):
    found = number_effect("wasserstein", before, now)
    assume(not isinstance(found, NotCompared))

    unit = np.std(finite(before)) or 1.0
    exact = stats.wasserstein_distance(finite(before), finite(now)) / unit
    assert found.value == pytest.approx(exact, abs=1e-9, rel=1e-9)
    assert found.low <= found.value <= found.high


@settings(deadline=None, max_examples=40)
@given(columns, columns)
def test_profiles_keep_smirnovs_gap_to_within_the_share_of_a_bin(before, now):
    assume(np.isfinite(before).sum() >= 30)
    # Beyond the reference's range a thousandth of it counts as nothing: another test's subject.
    now = np.clip(finite(now), finite(before).min(), finite(before).max())
    assume(len(now))
    profile = number_profile(before)
    later = number_profile(now, profile.bins)

    binned = effect("kolmogorov_smirnov", profile, later)

    raw = stats.ks_2samp(finite(before), now, method="asymp").statistic
    f, g = profile.counts / profile.finite, later.counts / later.finite
    assert raw - max(f.max(), g.max()) - 1e-9 <= binned.value <= raw + 1e-9
    if set(now) <= set(finite(before)):  # few values: each has a bin of its own
        assert binned.value == pytest.approx(raw, abs=1e-9)


@pytest.mark.parametrize("shape", ["normal", "lognormal", "exponential", "uniform"])
@pytest.mark.parametrize("seed", range(5))
def test_profiles_of_many_values_come_within_their_stated_error(shape, seed):
    rng = np.random.default_rng(seed)
    before, now = getattr(rng, shape)(size=20_000), getattr(rng, shape)(size=3000) * 1.2 + 0.1
    profile = number_profile(before)
    assert len(profile.bins) <= INNER_BINS + 2
    later = number_profile(now, profile.bins)

    gap = effect("kolmogorov_smirnov", profile, later).value
    assert gap <= (exact := number_effect("kolmogorov_smirnov", before, now).value) + 1e-12
    assert gap == pytest.approx(exact, abs=1 / INNER_BINS)
    edges = np.concatenate([[before.min()], profile.bins.edges])
    widths = np.diff(np.clip(edges, before.min(), before.max()))
    # Every row lies at most half its bin away from where it is taken to lie, on either side.
    inside = profile.counts[1:-1] / 20_000 + later.counts[1:-1] / 3000
    slack = (inside * widths[1:] / 2).sum() / before.std() + 1e-3
    area = effect("wasserstein", profile, later)
    if now.min() >= before.min() and now.max() <= before.max() + np.ptp(before):
        raw = number_effect("wasserstein", before, now).value
        assert area.value == pytest.approx(raw, abs=slack + outside(before, now))


def outside(before, now):
    """What rows beyond the reference add: they count as half way to where they end."""
    beyond = np.maximum(0, now - before.max())
    return float(np.mean(beyond > 0) * beyond.max() / before.std())


@given(words, words)
def test_categories_are_exact_on_profiles_too(before, now):
    for method in set(BY_CELL) - {"chi_square"}:  # which pools the rare ones
        found = category_effect(method, before, now)
        if isinstance(found, NotCompared):
            continue
        names = sorted({*before, *now} - {None})
        f = np.array([np.sum(before == c) for c in names])
        g = np.array([np.sum(now == c) for c in names])
        assert found.value == pytest.approx(BY_CELL[method](f, g), abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_each_method_says_what_moved_and_how_sure_it_is(method):
    rng = np.random.default_rng(3)
    found = number_effect(method, rng.normal(size=5000), rng.normal(0.6, 1, 2000))

    assert found.p_value < 1e-12
    assert 0 < found.low < found.value < found.high
    moved = found.evidence["moved"]
    assert 0.3 < sum(m["contribution"] for m in moved) <= 1 + 1e-9
    assert moved == sorted(moved, key=lambda m: -m["contribution"])


def test_larger_samples_have_the_limit_of_smirnovs_distribution():
    rng = np.random.default_rng(4)
    before, now = rng.normal(size=20_000), rng.normal(0.02, 1, 15_000)

    exact = stats.ks_2samp(before, now, method="asymp").pvalue
    assert number_effect("kolmogorov_smirnov", before, now).p_value == pytest.approx(exact, rel=0.1)
