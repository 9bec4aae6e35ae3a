"""Whether a classifier can tell rows of the window from rows of the reference: a domain classifier.

Rows are told by a model that was not shown them. If nothing changed it can only guess.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr
from scipy.stats import rankdata
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from monitor.core.findings import Measurement
from monitor.core.windows import Numbers
from monitor.detectors.performance.estimates import Z, area

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Scoring = Callable[[Ints], Numbers]
"""The score of each row named: the higher, the likelier it is of the window."""

FOLDS = 3
ROWS = 3_000
"""Rows of each side that are told apart, at most: an AUC is then right to within .02."""
_SHUFFLED = 1_000
FEWEST = 100
"""Rows of each side below which nothing is learned that holds."""


@dataclass(frozen=True, slots=True)
class Apart:
    """How well both sides were told apart.

    `auc` is the chance that a row of the window scores above one of the reference, with both ends
    of its 95 % interval; .5 is guessing. `scorings` are the folds' models, each with the rows that
    it was not shown.
    """

    auc: float
    low: float
    high: float
    p_value: float
    scorings: tuple[tuple[Scoring, Ints], ...]


def told_apart(now: Flags, learn: Callable[[Ints], Scoring], seed: int = 0) -> Apart:
    """Cross-fitted AUC of a classifier of two sides, `now` true for rows of the window.

    `learn` gets the rows to learn from. The AUC is the mean over 3 folds, each inside itself, so
    that scores of two models are never compared. On one thread: threads that wait for each other
    on a busy machine cost ten times what they save.

    Value    0 to 1; .5 if nothing changed.
    Needs    6 rows of each side.
    Noise    about .5 +- sqrt((n + m + 1) / (6 n m)): twice the variance of a rank sum, because each
             fold is told by the others. At most a share a of p-values is below a.
    Source   J. Friedman, Proc. PHYSTAT (2003) 311; interval as `area`.
    """
    rng = np.random.default_rng(seed)
    fold = np.empty(len(now), np.int64)
    for side in (now, ~now):
        places = np.flatnonzero(side)
        fold[places] = rng.permutation(len(places)) % FOLDS
    scorings, values, errors, chances = [], [], [], []
    for k in range(FOLDS):
        shown, held = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        with threadpool_limits(1):
            scoring = learn(shown)
            found = area(now[held], scoring(held))
        if found is None:
            raise ValueError("two rows of each side are needed in every fold")
        scorings.append((scoring, held))
        values.append(found.value)
        errors.append(found.error)
        n, m = int(now[held].sum()), int((~now[held]).sum())
        chances.append((n + m + 1) / (12 * n * m))
    auc, guessing = float(np.mean(values)), sqrt(sum(chances)) / FOLDS
    # What folds i and j have in common by chance counts twice: i is told by j, and j by i.
    error = sqrt(float(np.square(errors).sum()) / FOLDS**2 + guessing**2)
    ends = max(0.0, auc - Z * error), min(1.0, auc + Z * error)
    chance = float(ndtr((0.5 - auc) / (sqrt(2) * guessing)))
    return Apart(auc, *ends, chance, tuple(scorings))


def linear(columns: Any, side: Flags, strictness: float) -> Apart:
    """Rows of numbers, or of a sparse matrix, told apart by a logistic regression."""

    def learn(shown: Ints) -> Scoring:
        fitted = LogisticRegression(C=strictness, max_iter=200, class_weight="balanced")
        fitted.fit(columns[shown], side[shown])
        return lambda rows: np.asarray(fitted.decision_function(columns[rows]), np.float64)

    return told_apart(side, learn)


def measured(
    apart: Apart, feature: str | None = None, evidence: Mapping[str, object] | None = None
) -> Measurement:
    """How well rows are told apart, as a measurement; with nothing changed it is a half."""
    return Measurement(
        "classifier",
        apart.auc,
        feature,
        expected=0.5,
        p_value=apart.p_value,
        low=apart.low,
        high=apart.high,
        evidence=evidence or {},
    )


def trees(columns: Numbers, now: Flags, seed: int = 0) -> Apart:
    """Both sides told apart by boosted trees; columns have shape (rows, features), NaN missing.

    Few and small trees, and codes of categories as numbers: a window must not cost seconds, and
    categories as such would double it.
    """

    def learn(shown: Ints) -> Scoring:
        grown = HistGradientBoostingClassifier(
            max_iter=15,
            learning_rate=0.3,
            max_leaf_nodes=10,
            max_bins=63,
            min_samples_leaf=max(10, len(shown) // 300),
            l2_regularization=1.0,
            early_stopping=False,
            random_state=seed,
        )
        grown.fit(columns[shown], now[shown])
        return lambda rows: np.asarray(grown.decision_function(columns[rows]), np.float64)

    return told_apart(now, learn, seed)


def importances(apart: Apart, columns: Numbers, now: Flags, seed: int = 0) -> Numbers:
    """How much of the AUC each column carries, shape (features,): what is lost without it.

    Each column in turn is shuffled among the rows that a fold was not shown, 1,000 at most, and
    put back.
    `columns` must be those that `trees` was given.

    Value    AUC, about -.5 to .5; 0 where a column tells nothing.
    Source   L. Breiman, Mach. Learn. 45 (2001) 5, on held-out rows.
    """
    rng = np.random.default_rng(seed)
    lost = np.zeros(columns.shape[1])
    with threadpool_limits(1):
        for scoring, whole_fold in apart.scorings:
            held = rng.permutation(whole_fold)[:_SHUFFLED]
            whole = _auc(now[held], scoring(held))
            for k in range(columns.shape[1]):
                kept = columns[held, k]
                columns[held, k] = rng.permutation(kept)
                lost[k] += (whole - _auc(now[held], scoring(held))) / FOLDS
                columns[held, k] = kept
    return lost


def most_typical(apart: Apart, rows: int) -> Numbers:
    """How far up each row stands, shape (rows,), among those told by one model: 1 is at the top.

    Each row is told by the model that was not shown it.
    """
    found = np.zeros(rows)
    with threadpool_limits(1):
        for scoring, held in apart.scorings:
            found[held] = rankdata(scoring(held)) / len(held)
    return found


def _auc(now: Flags, score: Numbers) -> float:
    found = area(now, score)
    return 0.5 if found is None else found.value


def drawn(ids: Sequence[str], most: int = ROWS) -> Ints:
    """At most so many rows, chosen by their ids alone and in an order of their own.

    >>> drawn(["a", "b", "c"], most=2).tolist() == drawn(["a", "b", "c"])[:2].tolist()
    True
    """
    places = sorted(range(len(ids)), key=lambda i: (crc32(ids[i].encode()), ids[i]))
    return np.array(places[:most], np.int64)
