"""Drift of what the model answers."""

import numpy as np
from counted import HOUR, answers

from monitor.core.profile import Profiles
from monitor.core.spec import ModelSpec, Task
from monitor.detectors.drift.prediction import Prediction

RNG = np.random.default_rng


def found(reference, current):
    spec = ModelSpec(Task.BINARY)
    measured = Prediction().measure(spec, HOUR, reference, current)
    return {m.evidence["of"]: m for m in measured}


def test_labels_and_scores_are_compared_each_by_its_method():
    reference = answers(["0", "1"] * 500, RNG(1).uniform(0, 1, 1000))
    current = answers(["0"] * 300 + ["1"] * 100, RNG(2).uniform(0, 0.5, 400), like=reference)

    result = found(reference, current)

    assert result["prediction"].method == "jensen_shannon"
    assert result["score"].method == "kolmogorov_smirnov"
    assert result["prediction"].p_value < 1e-9
    assert result["score"].low > 0.3
    assert {m.feature for m in result.values()} == {None}


def test_numbers_that_a_regression_answers_are_compared():
    reference = answers(RNG(1).normal(size=2000))
    same = answers(RNG(2).normal(size=500), like=reference)
    other = answers(RNG(3).normal(1, 1, 500), like=reference)

    assert found(reference, same)["prediction"].p_value > 1e-3
    assert found(reference, other)["prediction"].p_value < 1e-12


def test_a_side_without_answers_and_too_few_rows_are_not_compared():
    many, few = answers(["0", "1"] * 500), answers(["0"] * 50)

    assert not found(many, few)
    assert not found(many, Profiles())
    assert not found(Profiles(), many)
