"""How far off predicted numbers are."""

import numpy as np
import pytest
from counted import sample
from sklearn import metrics

from monitor.core.spec import ModelSpec, Task
from monitor.detectors.performance.deviations import mape, r2, rmse
from monitor.detectors.performance.realized import evaluate

NUMBER = ModelSpec(Task.REGRESSION)


def test_regression_kpis_agree_with_scikit_learn():
    rng = np.random.default_rng(3)
    actual = rng.normal(10, 3, 300)
    predicted = actual + rng.normal(0, 1, 300)

    found = evaluate(NUMBER, sample(prediction=predicted, actual=actual))

    assert {name: value for name, (value, _, _) in found.items()} == {
        "mae": pytest.approx(metrics.mean_absolute_error(actual, predicted)),
        "mse": pytest.approx(metrics.mean_squared_error(actual, predicted)),
        "rmse": pytest.approx(metrics.root_mean_squared_error(actual, predicted)),
        "mape": pytest.approx(metrics.mean_absolute_percentage_error(actual, predicted)),
        "r2": pytest.approx(metrics.r2_score(actual, predicted)),
    }


def test_rows_without_both_numbers_do_not_count():
    rows = sample(
        prediction=np.array([1.0, np.nan, 3.0, 9.0]), actual=np.array([2.0, 2.0, 5.0, np.inf])
    )

    assert rmse(NUMBER, rows).value == pytest.approx(np.sqrt((1 + 4) / 2))


def test_relative_errors_leave_out_actuals_of_zero():
    rows = sample(prediction=np.array([1.0, 3.0, 5.0]), actual=np.array([0.0, 2.0, -4.0]))

    assert mape(NUMBER, rows).value == pytest.approx((1 / 2 + 9 / 4) / 2)


def test_actuals_that_are_all_the_same_have_no_r2():
    assert r2(NUMBER, sample(prediction=np.arange(9.0), actual=np.ones(9))) is None


def test_intervals_of_errors_cover_what_they_estimate():
    rng = np.random.default_rng(7)
    held = {"rmse": 0, "r2": 0}
    for _ in range(300):
        actual = rng.normal(0, 2, 200)
        rows = sample(prediction=actual + rng.normal(0, 1, 200), actual=actual)
        for name, found, truth in (("rmse", rmse, 1.0), ("r2", r2, 0.75)):
            estimate = found(NUMBER, rows)
            held[name] += estimate.low <= truth <= estimate.high

    assert all(count / 300 == pytest.approx(0.94, abs=0.04) for count in held.values())
