"""What is tried: a linear model, LightGBM, and scikit-learn's histogram boosting.

Each has settings that do well unseen, a space around them to search, and a fit.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any, ClassVar, Protocol

import numpy as np

from trainer.models import Boosted, Histogram, Linear, Model, design
from trainer.research.collect import Matrix

Parameters = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """Encoded rows: matrix (rows, columns), targets (rows,), what the columns are.

    Targets are places of labels for `classes` classes, numbers where `classes` is 0.
    """

    x: Matrix
    y: Matrix
    levels: tuple[int, ...]
    classes: int
    seed: int = 0

    def newest(self, rows: int) -> "Rows":
        """The last so many of them."""
        return replace(self, x=self.x[-rows:], y=self.y[-rows:])


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model, and what must be known to fit it again on more rows, beside its parameters."""

    model: Model
    learned: Parameters = field(default_factory=dict)


class Candidate(Protocol):
    """One way to fit a model; `form` is the kind of model that comes out."""

    name: ClassVar[str]
    form: ClassVar[str]
    defaults: ClassVar[Parameters]

    def suggest(self, trial: Any) -> Parameters:
        """Parameters that an Optuna trial suggests."""

    def fit(self, parameters: Parameters, rows: Rows, held: Rows | None = None, /) -> Fitted:
        """Fit; `held` rows tell when to stop, where the candidate can use them."""


class LinearCandidate:
    """Logistic regression, or ridge regression of the standardised actual."""

    name: ClassVar[str] = "linear"
    form: ClassVar[str] = Linear.form
    defaults: ClassVar[Parameters] = {"strength": 1.0}

    def suggest(self, trial: Any) -> Parameters:
        """How strong the penalty is."""
        return {"strength": trial.suggest_float("strength", 1e-4, 1e3, log=True)}

    def fit(self, parameters: Parameters, rows: Rows, _held: Rows | None = None, /) -> Fitted:
        """Fit on scaled columns."""
        from sklearn.linear_model import LogisticRegression, Ridge  # noqa: PLC0415

        centre, scale = _scaling(rows)
        u = design(rows.x, rows.levels, centre, scale)
        if rows.classes:
            fitted = LogisticRegression(C=1 / parameters["strength"], max_iter=300, tol=1e-3)
            fitted.fit(u, rows.y)
            weights, intercept = _placed(fitted, rows.classes)
        else:
            spread = rows.y.std() or 1.0
            fitted = Ridge(alpha=parameters["strength"], solver="cholesky")
            fitted.fit(u, (rows.y - rows.y.mean()) / spread)
            weights = np.atleast_2d(fitted.coef_) * spread
            intercept = np.atleast_1d(fitted.intercept_) * spread + rows.y.mean()
        return Fitted(Linear(rows.classes, rows.levels, centre, scale, weights, intercept))


def _scaling(rows: Rows) -> tuple[Matrix, Matrix]:
    """Mean and deviation of each number column over the values it has; 0 and 1 where none."""
    numbers = rows.x[:, np.asarray(rows.levels) == 0]
    known = ~np.isnan(numbers)
    count = np.maximum(known.sum(axis=0), 1)
    centre = np.where(known, numbers, 0.0).sum(axis=0) / count
    squares = np.where(known, (numbers - centre) ** 2, 0.0).sum(axis=0) / count
    return centre, np.where(squares > 0, np.sqrt(squares), 1.0)


def _placed(fitted: Any, classes: int) -> tuple[Matrix, Matrix]:
    """Weights and intercept of all classes; one that the rows lacked is all but impossible."""
    if classes == 2:
        return fitted.coef_, fitted.intercept_
    present = fitted.classes_.astype(np.int64)
    coefficients, constants = fitted.coef_, fitted.intercept_
    if len(present) == 2:  # the rows had two of the classes: one row of weights, of the second
        coefficients = np.vstack([np.zeros_like(coefficients), coefficients])
        constants = np.concatenate([[0.0], constants])
    weights = np.zeros((classes, coefficients.shape[1]))
    intercept = np.full(classes, constants.min() - 20.0)
    weights[present], intercept[present] = coefficients, constants
    return weights, intercept


class LightGBMCandidate:
    """Gradient boosted trees that know categories and stop when held rows get no better."""

    name: ClassVar[str] = "lightgbm"
    form: ClassVar[str] = Boosted.form
    defaults: ClassVar[Parameters] = {
        "learning_rate": 0.08,
        "num_leaves": 15,
        "min_data_in_leaf": 20,
        "lambda_l2": 1.0,
        "feature_fraction": 0.9,
    }
    _ROUNDS: ClassVar[int] = 300
    _PATIENCE: ClassVar[int] = 15

    def suggest(self, trial: Any) -> Parameters:
        """Learning rate and size of the trees."""
        return {
            "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.3, log=True),
            "num_leaves": trial.suggest_int("num_leaves", 4, 63, log=True),
            "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 5, 100, log=True),
            "lambda_l2": trial.suggest_float("lambda_l2", 1e-3, 30.0, log=True),
            "feature_fraction": trial.suggest_float("feature_fraction", 0.4, 1.0),
        }

    def fit(self, parameters: Parameters, rows: Rows, held: Rows | None = None, /) -> Fitted:
        """Fit; without held rows for the number of rounds in `parameters`."""
        import lightgbm  # noqa: PLC0415

        rounds = parameters.get("rounds", self._ROUNDS)
        settings = {**_objective(rows), **parameters}
        settings.pop("rounds", None)
        categories = [i for i, n in enumerate(rows.levels) if n]
        quiet = {"verbosity": -1}
        train = lightgbm.Dataset(rows.x, rows.y, categorical_feature=categories, params=quiet)
        if held is None:
            return Fitted(Boosted(rows.classes, lightgbm.train(settings, train, rounds)))
        watched = train.create_valid(held.x, held.y)
        stop = lightgbm.early_stopping(self._PATIENCE, verbose=False)
        booster = lightgbm.train(settings, train, rounds, valid_sets=[watched], callbacks=[stop])
        best = booster.best_iteration or booster.current_iteration()
        return Fitted(Boosted(rows.classes, booster), {"rounds": best})


def _objective(rows: Rows) -> dict[str, Any]:
    objective = {0: "regression", 2: "binary"}.get(rows.classes, "multiclass")
    many = {"num_class": rows.classes} if rows.classes > 2 else {}
    fixed = {"verbosity": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True}
    return {"objective": objective, "seed": rows.seed, **fixed, **many}


class HistogramCandidate:
    """scikit-learn's histogram gradient boosting."""

    name: ClassVar[str] = "histogram"
    form: ClassVar[str] = Histogram.form
    defaults: ClassVar[Parameters] = {
        "learning_rate": 0.1,
        "max_iter": 50,
        "max_leaf_nodes": 15,
        "min_samples_leaf": 20,
        "l2_regularization": 1.0,
    }

    def suggest(self, trial: Any) -> Parameters:
        """Learning rate, number and size of the trees."""
        return {
            "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.3, log=True),
            "max_iter": trial.suggest_int("max_iter", 20, 150, log=True),
            "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 4, 31, log=True),
            "min_samples_leaf": trial.suggest_int("min_samples_leaf", 5, 100, log=True),
            "l2_regularization": trial.suggest_float("l2_regularization", 1e-3, 30.0, log=True),
        }

    def fit(self, parameters: Parameters, rows: Rows, _held: Rows | None = None, /) -> Fitted:
        """Fit."""
        from sklearn.ensemble import (  # noqa: PLC0415
            HistGradientBoostingClassifier,
            HistGradientBoostingRegressor,
        )

        kind = HistGradientBoostingClassifier if rows.classes else HistGradientBoostingRegressor
        settings = {"early_stopping": False, "random_state": rows.seed, **parameters}
        return Fitted(Histogram(rows.classes, kind(**settings).fit(rows.x, rows.y)))


CANDIDATES: tuple[Candidate, ...] = (
    LinearCandidate(),
    LightGBMCandidate(),
    HistogramCandidate(),
)
"""Who competes; each of them answers all three tasks."""


def load_libraries() -> tuple[Candidate, ...]:
    """Load what the candidates need, which takes some 2 s, before their time is taken.

    The answer is who can compete: LightGBM needs the system's OpenMP library (libgomp1 in Debian),
    and where that is missing the others go on without it.
    """
    for name in ("sklearn.linear_model", "sklearn.ensemble"):
        import_module(name)
    try:
        import_module("lightgbm")
    except (ImportError, OSError) as problem:
        sys.stderr.write(f"without the candidate lightgbm: {problem}\n")
        return tuple(c for c in CANDIDATES if c.form != Boosted.form)
    return CANDIDATES
