"""Distances between distributions, against their definitions and against scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.spatial.distance import jensenshannon

from monitor.detectors.drift.distances import (
    BY_CELL,
    METHODS,
    chi_square,
    hellinger,
    homogeneity,
    homogeneity_chance,
    jensen_shannon,
    kolmogorov_smirnov,
    l_infinity,
    likelihood_ratio,
    psi,
    smirnov_chance,
    wasserstein,
)

columns = arrays(float, st.integers(1, 50), elements=st.integers(-5, 5).map(float))
tables = st.integers(2, 8).flatmap(
    lambda k: st.tuples(
        *[arrays(np.int64, k, elements=st.integers(0, 40)).filter(lambda a: a.sum() > 0)] * 2
    )
)


@given(columns, columns)
def test_kolmogorov_smirnov_agrees_with_its_definition(before, now):
    gaps = [abs(np.mean(before <= x) - np.mean(now <= x)) for x in {*before, *now}]

    assert kolmogorov_smirnov(before, now) == pytest.approx(max(gaps))


@given(columns, columns)
def test_kolmogorov_smirnov_agrees_with_scipy(before, now):
    with np.errstate(divide="ignore"):  # in scipy's p-value of one row against one
        exact = stats.ks_2samp(before, now, method="asymp").statistic

    assert kolmogorov_smirnov(before, now) == pytest.approx(exact, abs=1e-9)


@given(columns, columns)
def test_wasserstein_agrees_with_scipy(before, now):
    unit = np.std(before) or 1.0

    exact = stats.wasserstein_distance(before, now) / unit
    assert wasserstein(before, now) == pytest.approx(exact, abs=1e-9)


@given(tables)
def test_jensen_shannon_agrees_with_scipy(table):
    before, now = table
    exact = jensenshannon(before, now, base=2)

    assert jensen_shannon(before, now) ** 2 == pytest.approx(np.nan_to_num(exact) ** 2, abs=1e-9)


@given(tables)
def test_homogeneity_and_likelihood_ratio_agree_with_scipy(table):
    before, now = table
    held = np.stack(table)[:, before + now > 0]
    if held.shape[1] < 2:
        assert homogeneity(before, now) == (pytest.approx(0), 0)
        assert homogeneity_chance(before, now) == 1
        return

    pearson = stats.chi2_contingency(held, correction=False)
    ratio = stats.chi2_contingency(held, correction=False, lambda_="log-likelihood")
    assert homogeneity(before, now) == (pytest.approx(pearson.statistic, abs=1e-9), pearson.dof)
    assert likelihood_ratio(before, now) == pytest.approx(ratio.statistic, abs=1e-9)
    larger = max(pearson.pvalue, ratio.pvalue)
    assert homogeneity_chance(before, now) == pytest.approx(larger, rel=1e-6)


@given(tables)
def test_the_others_agree_with_their_definitions(table):
    before, now = table
    f, g = before / before.sum(), now / now.sum()
    half_f = (before + 0.5) / (before.sum() + 0.5 * len(before))
    half_g = (now + 0.5) / (now.sum() + 0.5 * len(now))

    overlap = sum(np.sqrt(a * b) for a, b in zip(f, g, strict=True))
    assert hellinger(before, now) ** 2 == pytest.approx(1 - overlap, abs=1e-9)
    assert l_infinity(before, now) == pytest.approx(max(abs(f - g)))
    terms = [(b - a) * np.log(b / a) for a, b in zip(half_f, half_g, strict=True)]
    assert psi(before, now) == pytest.approx(sum(terms))
    rows = before.sum() + now.sum()
    assert chi_square(before, now) ** 2 == pytest.approx(homogeneity(before, now)[0] / rows)


@pytest.mark.parametrize("method", BY_CELL)
@given(tables)
def test_no_distance_is_negative_and_equal_sides_have_none(method, table):
    distance = BY_CELL[method]

    assert distance(*table) >= 0
    many = table[0] * 1000  # half a row in each cell, as psi adds, is then next to nothing
    assert distance(many, many * 3) == pytest.approx(0, abs=0.02 if method == "psi" else 1e-7)


@pytest.mark.parametrize("distance", [*BY_CELL.values(), homogeneity, likelihood_ratio])
def test_an_empty_side_is_refused(distance):
    with pytest.raises(ValueError, match="rows on both sides"):
        distance(np.array([1, 2]), np.array([0, 0]))


@pytest.mark.parametrize("distance", [kolmogorov_smirnov, wasserstein])
def test_an_empty_column_is_refused(distance):
    with pytest.raises(ValueError, match="rows on both sides"):
        distance(np.array([1.0]), np.array([]))


def test_smirnovs_chance_is_close_to_the_exact_one():
    for gap in (0.1, 0.15, 0.2):
        exact = stats.ks_2samp(np.arange(300), np.arange(200) * 1.5 + gap * 300).pvalue
        d = kolmogorov_smirnov(np.arange(300.0), np.arange(200) * 1.5 + gap * 300)
        assert smirnov_chance(d, 300, 200) == pytest.approx(exact, rel=0.3)


def test_every_method_has_a_name_of_its_own():
    assert len(set(METHODS)) == len(METHODS) == 7


def test_the_p_value_holds_far_out_where_chi_square_alone_does_not():
    rng = np.random.default_rng(8)
    shares = [0.9, 0.08, 0.01, 0.005, 0.005]
    before = rng.multinomial(10_000, shares, 20_000)
    now = rng.multinomial(1_000, shares, 20_000)
    p = np.array([homogeneity_chance(f, g) for f, g in zip(before, now, strict=True)])

    for level in (0.01, 0.001, 0.0001):
        assert np.sum(p <= level) <= 20_000 * level + 3 * np.sqrt(20_000 * level)
