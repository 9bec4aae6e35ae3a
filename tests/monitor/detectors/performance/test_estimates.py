"""Estimates and their errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import roc_auc_score

from monitor.core.findings import Worse
from monitor.detectors.performance.estimates import area, mean, ratio, share, worse_chance

scores = st.integers(4, 40).flatmap(
    lambda n: st.tuples(arrays(bool, n), arrays(float, n, elements=st.integers(0, 6).map(float)))
)


@given(scores)
def test_the_area_agrees_with_scikit_learn_ties_and_all(case):
    positive, score = case
    found = area(positive, score)

    if min(positive.sum(), (~positive).sum()) < 2:
        assert found is None
    else:
        assert found.value == pytest.approx(roc_auc_score(positive, score), abs=1e-9)
        assert 0 <= found.low <= found.value + 1e-12
        assert found.value - 1e-12 <= found.high <= 1


def test_delongs_error_agrees_with_its_definition():
    rng = np.random.default_rng(1)
    positive, score = rng.random(80) < 0.4, rng.integers(0, 9, 80).astype(float)
    above, below = score[positive], score[~positive]
    wins = np.array([[float(a > b) + 0.5 * (a == b) for b in below] for a in above])
    variance = wins.mean(1).var(ddof=1) / len(above) + wins.mean(0).var(ddof=1) / len(below)

    assert area(positive, score).error == pytest.approx(np.sqrt(variance), abs=1e-12)


def test_a_perfect_ranking_of_few_rows_is_not_certain():
    found = area(np.array([True] * 10 + [False] * 10), np.arange(20.0)[::-1])

    assert found.value == 1
    assert 0.6 < found.low < 0.8


def test_intervals_cover_what_they_estimate():
    rng = np.random.default_rng(2)
    held = {"area": 0, "mean": 0, "ratio": 0, "share": 0}
    for _ in range(400):
        positive = rng.random(200) < 0.3
        score = rng.normal(positive * 1.0)
        a, b = rng.exponential(1, 200), rng.exponential(2, 200)
        truths = {
            "area": (area(positive, score), 0.7602),
            "mean": (mean(a), 1.0),
            "ratio": (ratio(a, b), 0.5),
            "share": (share(int(positive.sum()), 200), 0.3),
        }
        for name, (found, truth) in truths.items():
            held[name] += found.low <= truth <= found.high

    assert {name: count / 400 for name, count in held.items()} == {
        name: pytest.approx(0.945, abs=0.03) for name in held
    }


def test_what_cannot_be_computed_is_none():
    assert share(0, 0) is None
    assert mean(np.array([1.0])) is None
    assert ratio(np.array([1.0, 2.0]), np.zeros(2)) is None


@pytest.mark.parametrize(("worse", "now"), [(Worse.BELOW, 70), (Worse.ABOVE, 95)])
def test_only_the_worse_side_is_unlikely(worse, now):
    before, after = share(850, 1000), share(now, 100)
    other = Worse.ABOVE if worse is Worse.BELOW else Worse.BELOW

    assert worse_chance(before, after, worse) < 0.01
    assert worse_chance(before, after, other) > 0.5


def test_without_any_error_a_change_is_certain_and_none_is_not():
    same, more = mean(np.ones(50)), mean(np.full(50, 2.0))

    assert worse_chance(same, same, Worse.ABOVE) == 0.5
    assert worse_chance(same, more, Worse.ABOVE) == 0
    assert worse_chance(same, more, Worse.BELOW) == 0.5
