"""Probabilities of the classes given score and features, learned once on the reference."""

from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from monitor.detectors.estimation.answers import Answers
from monitor.detectors.estimation.calibration import LEAST, logit
from monitor.detectors.estimation.encoding import Floats

_LEARNED = 20_000
"""Rows that the trees are grown on."""
_PARTS = 12


@dataclass(frozen=True, slots=True)
class Trees:
    """Boosted trees of the actual class over scores and features."""

    grown: HistGradientBoostingClassifier
    columns: int

    @classmethod
    def of(cls, answers: Answers, categorical: list[bool], seed: int) -> "Trees":
        """From labelled rows; at most 20,000 of them, drawn by the seed."""
        rng = np.random.default_rng(seed)
        drawn = answers.at(rng.choice(answers.rows, min(answers.rows, _LEARNED), replace=False))
        grown = HistGradientBoostingClassifier(
            max_iter=60,
            learning_rate=0.1,
            max_leaf_nodes=15,
            min_samples_leaf=max(20, drawn.rows // 400),
            l2_regularization=1.0,
            categorical_features=[False] * answers.score.shape[1] + categorical,
            early_stopping=False,
            random_state=seed,
        )
        grown.fit(_inputs(drawn), drawn.actual)
        return cls(grown, answers.score.shape[1])

    def at(self, answers: Answers) -> Floats:
        """Probabilities, shape (rows, columns) as the scores."""
        return _spread(self.grown, _inputs(answers), self.columns)


def _inputs(answers: Answers) -> Floats:
    return np.concatenate([answers.score, answers.features], axis=1)


@dataclass(frozen=True, slots=True)
class Levelled:
    """What trees said of rows that they had not learned, made right on average.

    A logistic regression on their log odds, on those of a calibrated score, on the part of the
    scores (twelfths) and on the class that was chosen: over the reference the probabilities add up
    to the number of actuals, also within each part and each choice.
    """

    fitted: LogisticRegression
    edges: Floats
    columns: int

    @classmethod
    def of(cls, answers: Answers, said: Floats, calibrated: Floats) -> "Levelled":
        """From labelled rows and what was said of each by what had not learned it."""
        shares = np.linspace(0, 1, _PARTS + 1)[1:-1]
        edges = np.array([np.quantile(column, shares) for column in answers.score.T])
        fitted = LogisticRegression(C=100.0, max_iter=300)
        fitted.fit(_inputs_of(answers, said, calibrated, edges), answers.actual)
        return cls(fitted, edges, said.shape[1])

    def at(self, answers: Answers, said: Floats, calibrated: Floats) -> Floats:
        """Probabilities, shape (rows, columns) as the scores."""
        inputs = _inputs_of(answers, said, calibrated, self.edges)
        return _spread(self.fitted, inputs, self.columns)


def _spread(
    fitted: LogisticRegression | HistGradientBoostingClassifier, inputs: Floats, columns: int
) -> Floats:
    """Probabilities in the scores' columns; 0 for classes that were not learned."""
    given = np.asarray(fitted.predict_proba(inputs), np.float64)
    if columns == 1:
        return given[:, 1:]
    found = np.zeros((len(inputs), columns))
    found[:, np.asarray(fitted.classes_, np.int64)] = given
    return found


def _inputs_of(answers: Answers, said: Floats, calibrated: Floats, edges: Floats) -> Floats:
    parts = [_part(column, cuts) for column, cuts in zip(answers.score.T, edges, strict=True)]
    if said.shape[1] == 1:
        odds = [logit(said), logit(calibrated), answers.chosen[:, None] == 1]
    else:
        chosen = answers.chosen[:, None] == np.arange(said.shape[1])
        odds = [np.log(np.clip(q, LEAST, 1)) for q in (said, calibrated)] + [chosen]
    return np.concatenate([*odds, *parts], axis=1)


def _part(score: Floats, cuts: Floats) -> Floats:
    place = np.searchsorted(cuts, score, side="right")
    return np.asarray(place[:, None] == np.arange(len(cuts) + 1), np.float64)
