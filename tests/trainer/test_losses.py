"""Losses and metrics against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.losses import aligned, constant, metrics, roc_auc, row_losses

PAIRS = st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=40)


@given(PAIRS)
def test_the_area_is_the_chance_that_a_positive_row_scores_higher(pairs):
    positive = np.array([p for p, _ in pairs])
    score = np.array([float(s) for _, s in pairs])
    won = [(a > b) + (a == b) / 2 for a in score[positive] for b in score[~positive]]

    area = roc_auc(positive, score)

    assert area is None if not won else area == pytest.approx(np.mean(won))


def test_no_constant_answer_has_less_loss_than_the_best_one():
    y = np.array([0.0, 1, 1, 1])
    best = row_losses(2, y, np.repeat(constant(2, y), 4, axis=0)).mean()
    for p in np.linspace(0.01, 0.99, 50):
        assert row_losses(2, y, np.repeat([[1 - p, p]], 4, axis=0)).mean() >= best - 1e-12
    assert constant(0, y).tolist() == [[0.75]]


def test_metrics_of_each_task():
    y = np.array([0.0, 1, 1])
    sure = np.array([[1.0, 0], [0, 1], [0, 1]])
    assert metrics(2, y, sure)["accuracy"] == 1
    assert metrics(2, y, sure)["roc_auc"] == 1
    assert metrics(2, y, sure)["log_loss"] == pytest.approx(0, abs=1e-5)
    assert "roc_auc" not in metrics(3, y, np.hstack([sure, np.zeros((3, 1))]))
    found = metrics(0, y, np.array([[0.0], [1], [3]]))
    assert found["mse"] == pytest.approx(4 / 3)
    assert found["mae"] == pytest.approx(2 / 3)


def test_answers_follow_the_labels_of_who_asks():
    answers = np.array([[0.2, 0.8]])
    assert aligned(answers, ["a", "b"], ["b", "c", "a"]).tolist() == [[0.8, 0.0, 0.2]]
    assert aligned(answers, [], []) is answers
