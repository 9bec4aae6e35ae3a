"""What was learned of references, kept; and losses relative to it."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from simulated import SPEC, World

from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Sample
from monitor.detectors.estimation import fitted
from monitor.detectors.estimation.fitted import Fitted
from monitor.detectors.estimation.refusal import Refusal
from monitor.detectors.streaming.table import MixtureRising

NUMBERS = ModelSpec(Task.REGRESSION)


@cache
def world():
    return World.of(1)


@cache
def expectation():
    return Fitted().expectation(SPEC, world().sample(6_000, 0.0, 7))


def alarms(shift, concept, seed):
    """Places of alarms in 1,500 unchanged rows and 2,500 after them."""
    parts = [world().sample(1_500, 0.0, 1_000 + seed), world().sample(2_500, shift, seed, concept)]
    values = np.concatenate([expectation().relative(part) for part in parts])
    return [a.index for a in MixtureRising(1e5, expectation().baseline).update_many(values)]


def test_features_that_shift_leave_the_stream_silent():
    assert sum(bool(alarms(0.8, 0.0, seed)) for seed in range(30)) <= 1


def test_a_concept_that_changes_is_heard():
    first = [(alarms(0.0, 0.7, seed) or [0])[0] for seed in range(30)]

    assert sum(1_500 <= place < 3_500 for place in first) >= 29


def test_relative_losses_are_the_same_however_rows_are_cut():
    rows = world().sample(100, 0.0, 3)
    whole = expectation().relative(rows)
    single = [expectation().relative(fitted.rows_of(rows, np.array([i])))[0] for i in range(100)]

    assert whole.tolist() == single
    assert expectation().relative(fitted.rows_of(rows, np.arange(0))).tolist() == []


def test_the_same_rows_are_learned_once_and_others_anew(monkeypatch):
    fits = []
    monkeypatch.setattr(fitted, "_fit", lambda spec, reference: fits.append(1) or Refusal("no"))
    known, reference = Fitted(), world().sample(50, 0.0, 1)
    for again in (reference, replace(reference), world().sample(50, 0.0, 1)):
        assert known.estimator(SPEC, again) == Refusal("no")
        assert known.expectation(SPEC, again) is None
    assert len(fits) == 1

    known.estimator(SPEC, world().sample(50, 0.0, 2))
    known.estimator(replace(SPEC, positive_label="0"), reference)
    assert len(fits) == 3


def test_no_more_than_so_many_estimators_are_kept(monkeypatch):
    monkeypatch.setattr(fitted, "_ESTIMATORS", 2)
    monkeypatch.setattr(fitted, "_fit", lambda spec, reference: Refusal(str(reference.rows)))
    known = Fitted()
    for rows in (3, 4, 5):
        known.estimator(SPEC, world().sample(rows, 0.0, 1))

    assert [r.reason for r in known._estimators.values()] == ["4", "5"]


def test_errors_of_a_regression_are_relative_whatever_their_unit():
    unit = 1e4
    rng = np.random.default_rng(2)

    def rows(count, worse=1.0):
        x = rng.normal(size=count)
        spread = np.where(x > 0, 3.0, 1.0) * unit
        actual = x * unit + worse * spread * rng.normal(size=count)
        return Sample(
            count, [str(i) for i in range(count)], numbers={"x": x}, prediction=x * unit,
            actual=actual,
        )  # fmt: skip

    found = Fitted().expectation(NUMBERS, rows(600))

    assert found.relative(rows(2_000)).mean() == pytest.approx(1, abs=0.15)
    assert found.relative(rows(2_000, worse=2.0)).mean() > 1.3
    assert 1.05 <= found.baseline < 1.3


def test_a_reference_without_labels_lets_expect_nothing():
    assert Fitted().expectation(NUMBERS, Sample(0)) is None


def test_long_references_are_thinned(monkeypatch):
    monkeypatch.setattr(fitted, "_LEARNED", 400)
    monkeypatch.setattr(fitted.ClassEstimator, "fit", lambda spec, reference: reference)
    learned = Fitted().estimator(SPEC, world().sample(1_000, 0.0, 7))

    assert (learned.rows, learned.score[1]) == (400, world().sample(1_000, 0.0, 7).score[2])
