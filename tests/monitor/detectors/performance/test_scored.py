"""KPIs with a bootstrap."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from monitor.detectors.performance.scored import average_precision, calibration_error


@pytest.mark.parametrize("distinct", [3, 50, 10_000])
def test_average_precision_agrees_with_scikit_learn(distinct):
    rng = np.random.default_rng(1)
    positive = rng.random(3000) < 0.2
    score = np.round(rng.beta(2, 3, 3000) + 0.2 * positive, 4) // (1 / distinct) / distinct

    found = average_precision(positive, score)

    assert found.value == pytest.approx(average_precision_score(positive, score), abs=1e-9)
    assert found.low < found.value < found.high


def test_its_error_is_what_repeated_samples_show():
    rng = np.random.default_rng(2)
    found = []
    for _ in range(120):
        positive = rng.random(500) < 0.3
        found.append(average_precision(positive, rng.normal(positive * 1.0)))

    spread = np.std([f.value for f in found])
    assert np.mean([f.error for f in found]) == pytest.approx(spread, rel=0.25)


def test_too_few_of_a_class_have_no_precision():
    assert average_precision(np.array([True, False, False]), np.arange(3.0)) is None


def test_calibration_error_agrees_with_its_definition():
    rng = np.random.default_rng(3)
    score, positive = rng.random(400), rng.random(400) < 0.5
    slowly = 0.0
    for low in np.arange(10):
        held = np.floor(score * 10) == low
        slowly += abs(positive[held].mean() - score[held].mean()) * held.mean()

    found = calibration_error(positive, score)

    assert found.value == pytest.approx(slowly)
    assert found.low <= found.value <= found.high


def test_its_table_counts_every_row_in_its_bin():
    found = calibration_error(np.array([True, True, False]), np.array([0.95, 1.0, 0.05]))

    assert found.table.tolist() == [[0] * 9 + [2], [1] + [0] * 9]
