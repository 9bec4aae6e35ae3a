"""How likely a share is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from monitor.detectors.shares import excess, wilson

counts = st.tuples(st.integers(1, 60), st.integers(1, 60)).flatmap(
    lambda n: st.tuples(st.integers(0, n[0]), st.just(n[0]), st.integers(0, n[1]), st.just(n[1]))
)


@given(counts)
def test_excess_is_fishers_exact_test_where_the_share_rose(case):
    hits, rows, known, reference = case

    p = excess(hits, rows, known, reference)

    if hits * reference <= known * rows:
        assert p == 1
    else:
        exact = hypergeom.sf(hits - 1, rows + reference, hits + known, rows)
        assert p == pytest.approx(exact, rel=1e-9)


def test_excess_is_valid_when_nothing_changed():
    rng = np.random.default_rng(1)
    known, now = rng.binomial(2000, 0.03, 20_000), rng.binomial(300, 0.03, 20_000)
    pairs, times = np.unique(np.stack([now, known]), axis=1, return_counts=True)
    p = np.array([excess(int(k), 300, int(r), 2000) for k, r in pairs.T])

    for level in (0.05, 0.01, 0.001):
        assert times[p <= level].sum() <= 20_000 * level + 4 * np.sqrt(20_000 * level)


def test_excess_stays_exact_for_millions_of_rows():
    few, many = excess(30, 1_000, 100, 10_000), excess(30_000, 10**6, 100_000, 10**7)

    assert 0 <= many < few < 1e-4


@given(st.integers(0, 50), st.integers(1, 50))
def test_wilsons_interval_holds_the_share_and_stays_within_0_and_1(hits, rows):
    share = min(hits, rows) / rows

    low, high = wilson(share, rows)

    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1


def test_wilsons_interval_covers_the_true_share():
    rng = np.random.default_rng(2)
    ends = np.array([wilson(k / 80, 80) for k in rng.binomial(80, 0.04, 4000)])

    assert np.mean((ends[:, 0] <= 0.04) & (ends[:, 1] >= 0.04)) == pytest.approx(0.95, abs=0.02)
