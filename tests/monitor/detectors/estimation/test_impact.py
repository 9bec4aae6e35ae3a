"""Which shifted features cost the most."""

import numpy as np
import pytest

from monitor.core.findings import Worse
from monitor.detectors.estimation.answers import Answers
from monitor.detectors.estimation.impact import back_to, gain, impacts


def shifted_world(seed=0):
    """A loss that grows with `costly`; `idle` shifts as far and does nothing; `still` stays."""
    rng = np.random.default_rng(seed)
    before, now = (rng.normal(shift, 1, (4000, 3)) for shift in (0.0, [1.0, 1.0, 0.0]))
    loss = (rng.random(4000) < 1 / (1 + np.exp(2 - now[:, 0]))).astype(float)
    features = {n: (before[:, k], now[:, k]) for k, n in enumerate(["costly", "idle", "still"])}
    return features, loss


def test_the_feature_that_costs_is_first_and_the_others_cost_nothing():
    features, loss = shifted_world()
    found = impacts(features, lambda rows: float(loss[rows].mean()), Worse.ABOVE)

    assert found[0].feature == "costly"
    assert found[0].low > 0.05
    assert {i.feature: i.low <= 0 <= i.high for i in found[1:]} == {"idle": True, "still": True}
    assert {i.feature for i in found if i.kept > 0.9} == {"still"}


def test_the_cost_is_what_the_kpi_would_be_without_the_shift():
    features, loss = shifted_world(1)
    rng = np.random.default_rng(9)
    same = 1 / (1 + np.exp(2 - rng.normal(0, 1, 100_000)))
    found = impacts(features, lambda rows: float(1 - loss[rows].mean()), Worse.BELOW)

    assert found[0].cost == pytest.approx(loss.mean() - same.mean(), abs=0.04)


def test_money_is_ranked_in_the_same_way():
    features, loss = shifted_world(2)
    came = (loss == 0).astype(int)
    rows = Answers(np.ones((4000, 1)), np.ones(4000, int), came, np.empty((4000, 0)))
    gains = np.array([[0.0, -50.0], [0.0, 10.0]])

    found = impacts(features, lambda i: gain(rows.at(i), rows.came()[i], gains), Worse.BELOW)
    assert found[0].feature == "costly"
    assert found[0].cost > 3


def test_a_feature_that_is_missing_everywhere_now_keeps_no_weight_out_of_range():
    weights = back_to(np.arange(100.0), np.full(50, np.nan))

    assert np.all(np.isfinite(weights))
    assert weights.max() == weights.min()
