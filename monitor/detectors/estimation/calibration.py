"""Scores turned into probabilities, on labelled rows of the reference."""

from dataclasses import dataclass

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from monitor.detectors.estimation.encoding import Floats

LEAST = 1e-4
"""A probability is kept this far from 0 and 1 where its logit is needed."""
_KNOTS = 512


@dataclass(frozen=True, slots=True)
class Monotone:
    """A rising step of probabilities over scores, straight between its knots.

    Source   B. Zadrozny, C. Elkan, KDD (2002) 694: isotonic regression.

    >>> Monotone.of(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0.0, 0.0, 1.0, 1.0])).at(
    ...     np.array([0.0, 0.5, 1.0])
    ... ).round(3).tolist()
    [0.0, 0.5, 1.0]
    """

    scores: Floats
    shares: Floats

    @classmethod
    def of(cls, score: Floats, came: Floats, weight: Floats | None = None) -> "Monotone":
        """From scores, actuals of 0 and 1, and weights, each shape (rows,)."""
        fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
        fitted.fit(score, came, sample_weight=weight)
        return cls(np.asarray(fitted.X_thresholds_), np.asarray(fitted.y_thresholds_))

    def at(self, score: Floats) -> Floats:
        """Probabilities, shape (rows,)."""
        return np.interp(score, self.scores, self.shares)


def logit(q: Floats) -> Floats:
    """ln(q / (1 - q)), with q kept off 0 and 1."""
    q = np.clip(q, LEAST, 1 - LEAST)
    return np.asarray(np.log(q / (1 - q)), np.float64)


@dataclass(frozen=True, slots=True)
class Smooth:
    """A logistic curve of the score's place: few rows, or few that weigh anything, suffice.

    The place is the logit of a first, unweighted calibration; the curve is quadratic in it.

    Source   J. Platt, Advances in Large Margin Classifiers (1999) 61, extended by a square.
    """

    first: Monotone
    fitted: LogisticRegression

    @classmethod
    def of(cls, score: Floats, came: Floats, weight: Floats) -> "Smooth | Monotone":
        """From scores, actuals of 0 and 1, and weights, each shape (rows,)."""
        first = Monotone.of(score, came)
        held = weight > 0
        if len(np.unique(came[held])) < 2:
            return first
        fitted = LogisticRegression(C=10.0, max_iter=200)
        fitted.fit(_curve(first.at(score[held])), came[held], sample_weight=weight[held])
        return cls(first, fitted)

    def at(self, score: Floats) -> Floats:
        """Probabilities, shape (rows,)."""
        return np.asarray(self.fitted.predict_proba(_curve(self.first.at(score)))[:, 1])


def _curve(q: Floats) -> Floats:
    place = logit(q)
    return np.column_stack([place, place * place / 10])


def normalised(q: Floats) -> Floats:
    """Probabilities of the classes that add up to 1; of two classes the one column as it is."""
    if q.shape[1] == 1:
        return q
    total = q.sum(axis=1, keepdims=True)
    return np.where(total > 0, q / np.where(total > 0, total, 1.0), 1 / q.shape[1])
