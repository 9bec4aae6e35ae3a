"""Which estimators count how much."""

import numpy as np
import pytest

from monitor.detectors.estimation.blend import LEAST_DOUBT, Blend, Trial, shares

EVEN = np.array([0.5, 0.5])


def trial(strength, errors, kept, variance=1e-6):
    return Trial(strength, kept, {"accuracy": errors}, {"accuracy": variance}, {"accuracy": 0.1})


def blend(noise=0.01, bias=0.1):
    rng = np.random.default_rng(1)
    trials = [trial(0, rng.normal(0, noise, 2), 0.97) for _ in range(30)]
    trials += [trial(1, rng.normal([bias, 0], noise, 2), 0.4) for _ in range(30)]
    return Blend.of(("plain", "fine"), trials, {"accuracy": ("accuracy",)}, EVEN)


def test_the_better_method_counts_where_it_is_better():
    found = blend()

    assert found.at("accuracy", 0.97)["plain"] == pytest.approx(0.5, abs=0.1)
    assert found.at("accuracy", 0.4) == {"fine": pytest.approx(1.0)}
    assert 0.1 < found.at("accuracy", 0.6)["plain"] < 0.5


def test_errors_that_cancel_are_mixed():
    errors = np.array([[1.0, -1.0], [-2.0, 2.0], [0.5, -0.5]] * 20)

    assert shares(errors, EVEN) == pytest.approx(EVEN, abs=0.01)


def test_no_trials_leave_what_was_assumed():
    assert shares(np.empty((0, 2)), np.array([0.75, 0.25])) == pytest.approx([0.75, 0.25])


def test_the_variance_grows_with_the_shift_and_with_the_correction():
    found = blend(bias=0.0)
    by_shift = [found.variance("accuracy", kept, 0.0) for kept in (0.97, 0.4, 0.05)]

    assert by_shift == sorted(by_shift)
    assert found.variance("accuracy", 0.97, 0.1) - by_shift[0] >= LEAST_DOUBT * 0.1**2 - 1e-12
    assert found.variance("unknown", 0.97, 0.1) == pytest.approx(LEAST_DOUBT * 0.01)


def test_what_the_labels_explain_is_no_error_of_the_estimator():
    rng = np.random.default_rng(2)
    trials = [trial(0, [e, e], 0.97, 1.0) for e in rng.normal(0, 0.9, 50)]

    found = Blend.of(("a", "b"), trials, {"accuracy": ("accuracy",)}, EVEN)
    assert found.variance("accuracy", 0.97, 0.0) == 0
