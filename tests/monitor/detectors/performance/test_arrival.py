"""When actuals come."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.detectors.performance.arrival import ArrivalCurve, stopped

DAY = 86_400.0


def history(rows=4000, labelled=0.8, seed=1):
    """Predictions over ten days; of four in five the actual comes after a day on average."""
    rng = np.random.default_rng(seed)
    ages, delays = rng.uniform(0, 10 * DAY, rows), rng.exponential(DAY, rows)
    delays[rng.random(rows) > labelled] = np.inf
    came = delays <= ages
    return delays[came], ages[~came]


def test_the_curve_is_the_true_one_though_young_predictions_wait_still():
    curve = ArrivalCurve.of(*history())

    for days in (0.5, 1, 3):
        true = 0.8 * (1 - np.exp(-days))
        share = curve.share(days * DAY)
        assert share.value == pytest.approx(true, abs=0.03)
        assert share.low <= share.value <= share.high


def test_its_interval_holds_the_truth():
    held = 0
    for seed in range(100):
        share = ArrivalCurve.of(*history(300, seed=seed)).share(DAY)
        held += share.low <= 0.8 * (1 - np.exp(-1)) <= share.high

    assert 88 <= held <= 100


def test_what_a_window_should_have_and_when_too_few_came():
    curve = ArrivalCurve.of(*history())
    ages = np.linspace(DAY, 2 * DAY, 500)
    due = curve.expected(ages)

    assert due.value == pytest.approx(np.mean(0.8 * (1 - np.exp(-ages / DAY))), abs=0.03)
    assert stopped(round(due.value * 500), 500, due) > 0.3
    assert stopped(round(due.value * 500) - 90, 500, due) < 0.001


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=40), st.lists(st.floats(0, 100), max_size=40)
)
def test_shares_rise_with_age_and_stay_between_0_and_1(delays, waiting):
    curve = ArrivalCurve.of(np.array(delays), np.array(waiting))
    shares = [curve.share(age) for age in np.linspace(0, 101, 20)]

    assert all(a.value <= b.value + 1e-12 for a, b in pairwise(shares))
    assert all(-1e-12 <= s.low <= s.value + 1e-12 <= s.high + 2e-12 <= 1 + 1e-9 for s in shares)
    if not waiting:
        assert shares[-1].value == pytest.approx(1.0)


def test_without_delays_or_predictions_nothing_is_expected():
    assert ArrivalCurve.of(np.empty(0), np.array([5.0])).expected(np.array([1.0])) is None
    assert ArrivalCurve.of(*history()).expected(np.empty(0)) is None


def test_delays_that_are_odd_count_as_none_or_at_once():
    curve = ArrivalCurve.of(np.array([-5.0, np.nan, 10.0]), np.array([np.inf]))

    assert curve.share(0.0).value == pytest.approx(0.5)


def test_a_certain_share_leaves_no_doubt():
    due = ArrivalCurve.of(np.array([1.0, 2.0]), np.empty(0)).expected(np.array([9.0]))

    assert stopped(0, 10, due) == 0.0
    assert stopped(10, 10, due) == 0.5
