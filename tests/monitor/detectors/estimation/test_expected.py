"""KPIs from probabilities."""

from dataclasses import replace

import numpy as np
import pytest
from simulated import SPEC, World

from monitor.core.spec import ModelSpec, Task
from monitor.detectors.estimation.answers import answers, names_of
from monitor.detectors.estimation.encoding import Encoding
from monitor.detectors.estimation.expected import expected
from monitor.detectors.performance.realized import estimates

MANY = ModelSpec(Task.MULTICLASS)


def two_classes(rows=400):
    sample = World.of(0).sample(rows, 0.0, 1)
    return SPEC, replace(sample, score=np.round(sample.score, 2))


def many_classes(rows=400):
    rng = np.random.default_rng(2)
    names = np.array(["a", "b", "c"], object)
    score = np.round(rng.dirichlet([1, 1, 1], rows), 2)
    came = names[rng.integers(0, 3, rows)]
    _, sample = two_classes(rows)
    scores = {name: score[:, k] for k, name in enumerate(names)}
    chosen = names[score.argmax(axis=1)]
    return MANY, replace(sample, score=None, scores=scores, prediction=chosen, actual=came)


def rows_of(spec, sample):
    return answers(spec, names_of(spec, sample), Encoding.of(spec, sample), sample)


@pytest.mark.parametrize("made", [two_classes, many_classes])
def test_with_actuals_for_probabilities_they_are_the_realized_kpis(made):
    spec, sample = made()
    rows = rows_of(spec, sample)
    found = expected(rows, rows.came())

    realized = estimates(spec, sample)
    assert found.keys() == realized.keys()
    for name, e in found.items():
        assert e.value == pytest.approx(realized[name].value), name
        assert e.variance == pytest.approx(0, abs=1e-12), name


@pytest.mark.parametrize("made", [two_classes, many_classes])
def test_value_and_variance_are_those_of_drawn_labels(made):
    spec, sample = made()
    rows, rng = rows_of(spec, sample), np.random.default_rng(5)
    q = rng.dirichlet([1] * rows.score.shape[1], rows.rows)
    q = np.clip(rows.score**2, 0.02, 0.98) if spec is SPEC else q
    drawn = {}
    for _ in range(400):
        if spec is SPEC:
            came = (rng.random(q.shape) < q).astype(float)
        else:
            came = np.eye(3)[(rng.random((rows.rows, 1)) > np.cumsum(q, axis=1)).sum(axis=1)]
        for name, e in expected(rows, came).items():
            drawn.setdefault(name, []).append(e.value)

    for name, e in expected(rows, q).items():
        spread = np.std(drawn[name])
        assert e.value == pytest.approx(np.mean(drawn[name]), abs=0.35 * spread), name
        assert e.variance**0.5 == pytest.approx(spread, rel=0.25), name


def test_scores_that_are_no_probabilities_have_no_log_loss():
    spec, sample = two_classes()
    rows = rows_of(spec, replace(sample, score=10 * sample.score))

    assert expected(rows, rows.came()).keys().isdisjoint({"log_loss", "brier", "ece"})


def test_a_kpi_whose_denominator_is_zero_is_left_out():
    spec, sample = two_classes()
    rows = rows_of(spec, replace(sample, prediction=np.full(sample.rows, "0", object)))

    assert "precision" not in expected(rows, rows.came())
    assert "roc_auc" not in expected(rows, np.zeros((rows.rows, 1)))
