"""KPIs of classifiers before actuals come."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from frames import SPECS, chunks, expected, frame
from simulated import SPEC, World

from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task
from monitor.core.windows import Sample
from monitor.detectors.estimation.classes import ClassEstimator
from monitor.detectors.estimation.refusal import Refusal
from monitor.detectors.performance.realized import estimates


@cache
def world():
    return World.of(0)


@cache
def fitted(seed=0):
    return ClassEstimator.fit(SPEC, world().sample(12_000, 0.0, 100 + seed))


@cache
def loans():
    return ClassEstimator.fit(SPECS["car_loan"], frame("car_loan", "reference"))


def off(estimator, windows, kpi, method=None):
    """Mean absolute error of the estimates of a KPI."""
    errors = []
    for window in windows:
        found = estimator.estimate(window, method)
        realized = estimates(estimator.spec, window)
        errors.append(abs(found.kpis[kpi].value - realized[kpi].value))
    return float(np.mean(errors))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("accuracy", "accuracy"),
        ("precision", "precision"),
        ("recall", "recall"),
        ("specificity", "specificity"),
        ("f1", "f1"),
        ("roc_auc", "roc_auc"),
        ("pr_auc", "average_precision"),
    ],
)
@pytest.mark.parametrize("period", ["reference", "analysis"])
def test_realized_kpis_of_car_loans_are_nannymls(ours, theirs, period):
    windows = chunks("car_loan", frame("car_loan", period))
    found = [estimates(SPECS["car_loan"], w)[ours].value for w in windows]

    known = expected("car_loan", "performance", theirs, period).value
    assert found == pytest.approx(known.to_numpy(float), abs=1e-6)


@pytest.mark.parametrize("kpi", ["accuracy", "roc_auc"])
def test_estimates_of_car_loans_are_no_farther_off_than_nannymls(kpi):
    windows = list(chunks("car_loan", frame("car_loan", "analysis")))
    known = expected("car_loan", "cbpe", kpi)
    theirs = float(np.abs(known.value - known.realized).mean())

    assert off(loans(), windows, kpi) <= theirs
    cbpe = [loans().estimate(w, "cbpe").kpis[kpi].value for w in windows]
    assert cbpe == pytest.approx(known.value.to_numpy(float), abs=theirs)


@pytest.mark.parametrize("kpi", ["accuracy", "roc_auc"])
def test_the_default_beats_cbpe_where_features_shift_and_loses_little_where_not(kpi):
    same = [world().sample(4000, 0.0, seed) for seed in range(6)]
    moved = [world().sample(4000, 1.5, seed) for seed in range(4)]

    assert off(fitted(), same, kpi) <= 1.1 * off(fitted(), same, kpi, "cbpe")
    assert off(fitted(), moved, kpi) <= 0.7 * off(fitted(), moved, kpi, "cbpe")


def test_intervals_hold_the_realized_kpis():
    held = []
    for seed in range(12):
        window = world().sample(3000, seed % 4 * 0.5, seed)
        realized = estimates(SPEC, window)
        for name, e in fitted().estimate(window).kpis.items():
            assert e.low <= e.value <= e.high
            held.append(e.low <= realized[name].value <= e.high)

    assert 0.85 <= np.mean(held) <= 1.0


def test_every_kpi_of_the_task_is_estimated():
    window = world().sample(1000, 0.5, 1)

    assert fitted().estimate(window).kpis.keys() == estimates(SPEC, window).keys()


def test_intervals_widen_as_features_shift():
    widths = []
    for shift in (0.0, 1.0, 2.0):
        found = fitted().estimate(world().sample(3000, shift, 3)).kpis["accuracy"]
        widths.append(found.high - found.low)

    assert widths == sorted(widths)


@pytest.mark.parametrize("method", ["cbpe", "m_cbpe", "pape", "conditional"])
def test_each_method_is_there_alone(method):
    window = world().sample(2000, 0.0, 5)
    found = fitted().estimate(window, method)

    assert found.kpis["accuracy"].value == pytest.approx(
        estimates(SPEC, window)["accuracy"].value, abs=0.04
    )


def test_rows_without_a_score_are_left_out_and_nothing_more():
    window = world().sample(2000, 0.5, 5)
    holed = replace(window, score=np.where(np.arange(2000) == 7, np.nan, window.score))

    found = fitted().estimate(holed)
    assert (found.rows, found.left_out) == (1999, 1)
    assert found.kpis["roc_auc"].value == pytest.approx(
        fitted().estimate(window).kpis["roc_auc"].value, abs=0.01
    )


def test_times_and_features_with_holes_are_used():
    sample = world().sample(3000, 0.0, 1)
    late = np.where(sample.actual == sample.prediction, 3600.0, 40_000.0)
    spec = ModelSpec(Task.BINARY, {"at": FeatureSpec(FeatureType.TIMESTAMP)})
    x0 = np.where(np.arange(3000) % 3 == 0, np.nan, sample.numbers["x0"])
    days = 86_400.0 * np.arange(3000)
    reference = replace(sample, numbers={**sample.numbers, "x0": x0, "at": late + days})
    estimator = ClassEstimator.fit(spec, reference)

    later = {**reference.numbers, "at": late + days + 1e9 // 86_400 * 86_400}
    found = estimator.expected_losses(replace(reference, numbers=later))
    wrong = sample.actual != sample.prediction
    assert found[wrong].mean() > 0.9
    assert found[~wrong].mean() < 0.1


def test_what_cannot_be_estimated_is_refused_with_a_reason():
    reference = world().sample(2000, 0.0, 1)
    rng = np.random.default_rng(0)
    reasons = {
        "0 rows with score and actual": replace(reference, actual=None),
        "fewer than two classes": replace(reference, actual=np.full(2000, "1", object)),
        "uninformative": replace(reference, score=rng.random(2000)),
    }
    for reason, sample in reasons.items():
        found = ClassEstimator.fit(SPEC, sample)
        assert isinstance(found, Refusal)
        assert reason in found.reason


def test_a_window_that_is_too_small_or_too_far_off_is_refused():
    small = fitted().estimate(world().sample(20, 0.0, 1))
    far = fitted().estimate(world().sample(2000, 8.0, 1))
    empty = fitted().estimate(Sample(0))

    assert "20 rows" in small.reason
    assert "density ratio is too extreme" in far.reason
    assert isinstance(empty, Refusal)


def three(rows, shift, seed):
    """Rows of a model with three classes whose scores are sharper than they should be."""
    rng = np.random.default_rng(seed)
    x = rng.normal(shift, 1, (rows, 3))
    odds = x + np.column_stack([x[:, 1] * x[:, 2], np.zeros(rows), 0.5 * x[:, 0]])
    truth = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
    score = np.exp(1.5 * x) / np.exp(1.5 * x).sum(axis=1, keepdims=True)
    names = np.array(["a", "b", "c"], object)
    came = (rng.random((rows, 1)) > np.cumsum(truth, axis=1)).sum(axis=1)
    return Sample(
        total=rows,
        prediction_ids=range(rows),
        numbers={f"x{k}": x[:, k] for k in range(3)},
        prediction=names[score.argmax(axis=1)],
        scores={name: score[:, k] for k, name in enumerate(names)},
        actual=names[np.minimum(came, 2)],
    )


def test_many_classes_are_estimated_too():
    spec = ModelSpec(Task.MULTICLASS)
    estimator = ClassEstimator.fit(spec, three(4000, 0.0, 1))
    for shift in (0.0, 0.7):
        window = three(3000, shift, 2)
        realized, found = estimates(spec, window), estimator.estimate(window)
        assert found.kpis.keys() == realized.keys()
        for name, e in found.kpis.items():
            assert abs(e.value - realized[name].value) < 3 * e.error, name
    assert estimator.expected_losses(window).mean() == pytest.approx(
        1 - realized["accuracy"].value, abs=0.05
    )
