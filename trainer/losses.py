"""How wrong answers are, row by row and in sum."""

from collections.abc import Sequence

import numpy as np

from trainer.research.collect import Codes, Matrix

LEAST = 1e-6
"""Probabilities are not taken more seriously than this, so one row never decides alone."""


def row_losses(classes: int, y: Matrix, answers: Matrix) -> Matrix:
    """The loss of each row, shape (rows,); less is better.

        classes   -log p(actual), p not below 1e-6 (log loss; I. J. Good, JRSS B 14 (1952) 107)
        numbers   (answer - actual)^2

    `y` holds places of labels, -1 for one that the model does not know, or numbers (`classes` 0).

    >>> row_losses(2, np.array([1.0, -1.0]), np.array([[0.5, 0.5], [0.5, 0.5]])).round(2)
    array([ 0.69, 13.82])
    """
    if not classes:
        return np.asarray((answers[:, 0] - y) ** 2)
    places = y.astype(np.int64)
    chances = answers[np.arange(len(y)), np.maximum(places, 0)]
    return np.asarray(-np.log(np.where(places < 0, LEAST, np.clip(chances, LEAST, 1.0))))


def metrics(classes: int, y: Matrix, answers: Matrix) -> dict[str, float]:
    """What one reads off an experiment: each a mean over the rows, `roc_auc` where it exists."""
    loss = float(row_losses(classes, y, answers).mean())
    if not classes:
        errors, spread = answers[:, 0] - y, float(y.var())
        found = {"mse": loss, "rmse": loss**0.5, "mae": float(np.abs(errors).mean())}
        return found | ({"r2": 1 - loss / spread} if spread else {})
    found = {"log_loss": loss, "accuracy": float((answers.argmax(axis=1) == y).mean())}
    if classes == 2:
        area = roc_auc(y == 1, answers[:, 1])
        found |= {} if area is None else {"roc_auc": area}
        found["calibration_error"] = calibration_error(y == 1, answers[:, 1])
    return found


def roc_auc(positive: Codes | Matrix | np.ndarray, score: Matrix) -> float | None:
    """The chance that a positive row scores above a negative one, ties by half; None without both.

        (R - n (n + 1) / 2) / (n m),   R = sum of ranks of the n positive of n + m rows

    Source   H. B. Mann, D. R. Whitney, Ann. Math. Statist. 18 (1947) 50.

    >>> roc_auc(np.array([0, 1, 1]) == 1, np.array([0.1, 0.1, 0.9]))
    0.75
    """
    n = int(positive.sum())
    m = len(positive) - n
    if not n or not m:
        return None
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    return float((ranks[place][positive].sum() - n * (n + 1) / 2) / (n * m))


def calibration_error(positive: np.ndarray, score: Matrix, bins: int = 10) -> float:
    """Mean gap between score and frequency over bins of equal width, weighted by rows.

    Source   M. P. Naeini, G. Cooper, M. Hauskrecht, AAAI 2015 (expected calibration error).

    >>> calibration_error(np.array([0, 1]) == 1, np.array([0.5, 0.5]))
    0.0
    """
    place = np.minimum((score * bins).astype(np.int64), bins - 1)
    rows = np.bincount(place, minlength=bins)
    gap = np.bincount(place, positive - score, minlength=bins)
    return float(np.abs(gap).sum() / max(rows.sum(), 1))


def constant(classes: int, y: Matrix) -> Matrix:
    """The best answer that looks at no feature: frequencies, or the mean; shape (1, outputs)."""
    if not classes:
        return np.array([[y.mean()]])
    counts = np.bincount(y[y >= 0].astype(np.int64), minlength=classes).astype(np.float64)
    return np.asarray(counts / counts.sum())[None, :]


def aligned(answers: Matrix, given: Sequence[str], wanted: Sequence[str]) -> Matrix:
    """Answers for some labels as answers for others, shape (rows, wanted); 0 for the unknown."""
    if not wanted:
        return answers
    found = np.zeros((len(answers), len(wanted)))
    for place, label in enumerate(wanted):
        if label in given:
            found[:, place] = answers[:, list(given).index(label)]
    return found
