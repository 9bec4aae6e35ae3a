"""KPIs of regressions before actuals come."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from frames import SPECS, chunks, expected, frame

from monitor.core.windows import Sample
from monitor.detectors.estimation.losses import targets
from monitor.detectors.estimation.numbers import NumberEstimator, expected_errors
from monitor.detectors.estimation.refusal import Refusal
from monitor.detectors.performance.realized import estimates

SPEC = SPECS["car_price"]


@cache
def prices():
    return NumberEstimator.fit(SPEC, frame("car_price", "reference"))


def rows(count, shift, seed):
    """Rows whose error grows with a feature."""
    rng = np.random.default_rng(seed)
    x = rng.normal(shift, 1, (count, 2))
    predicted = 10 + x[:, 0]
    actual = predicted + rng.normal(size=count) * np.exp(0.4 * x[:, 1]) + 0.3 * x[:, 1]
    return Sample(
        total=count,
        prediction_ids=range(count),
        numbers={"x0": x[:, 0], "x1": x[:, 1]},
        prediction=predicted,
        actual=actual,
    )


@cache
def fitted():
    return NumberEstimator.fit(SPEC, rows(6000, 0.0, 1))


@pytest.mark.parametrize("kpi", ["mae", "mse", "rmse", "mape"])
@pytest.mark.parametrize("period", ["reference", "analysis"])
def test_realized_kpis_of_car_prices_are_nannymls(kpi, period):
    found = [estimates(SPEC, w)[kpi].value for w in chunks("car_price", frame("car_price", period))]

    known = expected("car_price", "performance", kpi, period).value.to_numpy(float)
    assert found == pytest.approx(known, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("kpi", ["mae", "mse", "rmse"])
def test_estimates_of_car_prices_are_no_farther_off_than_nannymls(kpi):
    known = expected("car_price", "dle", kpi)
    errors = [
        abs(prices().estimate(w).kpis[kpi].value - estimates(SPEC, w)[kpi].value)
        for w in chunks("car_price", frame("car_price", "analysis"))
    ]

    assert np.mean(errors) <= np.abs(known.value - known.realized).mean()


@pytest.mark.parametrize("shift", [0.0, 0.5, 1.0])
def test_estimates_follow_features_that_shift(shift):
    window = rows(3000, shift, 2)
    realized, found = estimates(SPEC, window), fitted().estimate(window)

    assert found.kpis.keys() == realized.keys()
    for name, e in found.kpis.items():
        assert e.low <= e.value <= e.high
        assert abs(e.value - realized[name].value) < 3 * e.error, name


def test_true_targets_give_the_realized_kpis():
    window = rows(500, 0.3, 4)
    found = expected_errors(window.prediction, targets(window.prediction, window.actual), {})

    for name, e in estimates(SPEC, window).items():
        assert found[name].value == pytest.approx(e.value)


def test_an_actual_of_zero_has_no_relative_error():
    assert np.isnan(targets(np.array([1.0]), np.array([0.0]))["relative"][0])


def test_what_cannot_be_estimated_is_refused_with_a_reason():
    unlabelled = NumberEstimator.fit(SPEC, replace(rows(2000, 0.0, 1), actual=None))

    assert "0 labelled rows" in unlabelled.reason
    assert "too extreme" in fitted().estimate(rows(2000, 9.0, 1)).reason
    assert isinstance(fitted().estimate(rows(10, 0.0, 1)), Refusal)


def test_missing_predictions_are_left_out():
    window = rows(2000, 0.0, 3)
    holed = replace(window, prediction=np.where(np.arange(2000) == 3, np.nan, window.prediction))

    assert fitted().estimate(holed).left_out == 1
    assert np.isnan(fitted().expected_losses(holed)[3])
    assert fitted().expected_losses(window).mean() == pytest.approx(
        estimates(SPEC, window)["mae"].value, rel=0.1
    )
