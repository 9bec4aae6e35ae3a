"""Performance of labelled rows."""

import numpy as np
import pytest
from counted import sample

from monitor.core.findings import Worse
from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Sample
from monitor.detectors.performance.realized import RealizedPerformance

BINARY, NUMBER = ModelSpec(Task.BINARY), ModelSpec(Task.REGRESSION)


def binary(rng, n, noise=1.0, total=None):
    """Calibrated scores, and predictions at one half."""
    logit = rng.normal(0, 1.5, n)
    score = 1 / (1 + np.exp(-logit))
    actual = rng.random(n) < 1 / (1 + np.exp(-logit / noise))
    as_text = lambda flags: np.array([str(int(f)) for f in flags], object)  # noqa: E731
    return sample(prediction=as_text(score > 0.5), actual=as_text(actual), score=score, total=total)


def regression(rng, n, noise=1.0):
    actual = rng.normal(9, 1, n)
    return sample(prediction=actual + noise * rng.normal(size=n), actual=actual)


def found(spec, reference, current):
    return {m.method: m for m in RealizedPerformance().measure(spec, reference, current)}


@pytest.mark.parametrize(
    ("spec", "draw", "n"), [(BINARY, binary, 60), (BINARY, binary, 400), (NUMBER, regression, 200)]
)
def test_chance_alone_alarms_no_more_often_than_its_level(spec, draw, n):
    rng = np.random.default_rng(1)
    p = {}
    for _ in range(40):
        reference = draw(rng, 1500)
        for _ in range(3):
            for method, m in found(spec, reference, draw(rng, n)).items():
                p.setdefault(method, []).append(m.p_value)

    for method, values in p.items():
        assert np.mean(np.array(values) <= 0.01) <= 0.05, method
        assert min(values) > 1e-5, method


def test_answers_that_became_worse_are_noticed_on_each_kpis_side():
    rng = np.random.default_rng(2)
    result = found(BINARY, binary(rng, 3000), binary(rng, 1500, noise=6))

    for method in ("roc_auc", "pr_auc", "accuracy", "log_loss", "brier", "ece", "f1"):
        assert result[method].p_value < 1e-6, method
    assert result["roc_auc"].worse is Worse.BELOW
    assert result["roc_auc"].high < result["roc_auc"].expected
    assert result["brier"].worse is Worse.ABOVE
    assert result["brier"].low > result["brier"].expected


def test_answers_that_became_better_are_no_alarm():
    rng = np.random.default_rng(3)
    result = found(NUMBER, regression(rng, 1000), regression(rng, 500, noise=0.5))

    assert all(m.p_value > 0.9 for m in result.values())


def test_the_evidence_counts_labels_and_their_coverage():
    rng = np.random.default_rng(4)
    result = found(BINARY, binary(rng, 100), binary(rng, 50, total=200))

    assert result["accuracy"].evidence == {"labelled": 50, "coverage": 0.25}


def test_without_reference_nothing_is_expected_and_nothing_unlikely():
    m = found(BINARY, Sample(0), binary(np.random.default_rng(5), 100))["accuracy"]

    assert (m.expected, m.p_value) == (None, 1)
    assert m.low < m.value < m.high


def test_few_labels_say_nothing():
    rng = np.random.default_rng(6)

    assert not found(BINARY, binary(rng, 500), binary(rng, 29))
