"""Logs what an estimator with scikit-learn's interface answers; also XGBoost's and LightGBM's."""
# ruff: noqa: N803 - X is what scikit-learn calls it, and callers may name it

from collections.abc import Mapping, Sequence
from typing import Any

from watchkeeper.client import Client

# No feature can have these names by accident.
_PARTS = {part: f"\0{part}" for part in ("prediction", "score", "prediction_id", "timestamp")}


class Monitored:
    """Stands in for an estimator: `predict` and `predict_proba` log each row, the rest is its own.

    A row's features are named by the frame, else by `feature_names_in_`, else `x0`, `x1`, ...
    `predict_proba` logs the likeliest class, and as score the probability of the second class of
    two, or that of each class of more. Logging never waits and never changes the answer.

    `estimator` is anything with `predict`; a call may bring the ids of its rows.
    """

    def __init__(self, estimator: Any, client: Client) -> None:
        self.estimator = estimator
        self.client = client

    def predict(
        self, X: Any, *args: Any, prediction_ids: Sequence[str] | None = None, **kwargs: Any
    ) -> Any:
        """What the estimator predicts for rows X, logged."""
        answers = self.estimator.predict(X, *args, **kwargs)
        self._log(X, lambda: {"prediction": answers}, prediction_ids)
        return answers

    def predict_proba(
        self, X: Any, *args: Any, prediction_ids: Sequence[str] | None = None, **kwargs: Any
    ) -> Any:
        """The estimator's probabilities for rows X, shape (rows, classes), logged."""
        answers = self.estimator.predict_proba(X, *args, **kwargs)
        self._log(X, lambda: _scored(answers, list(self.estimator.classes_)), prediction_ids)
        return answers

    def _log(self, X: Any, answer: Any, prediction_ids: Sequence[str] | None) -> None:
        try:
            columns = columns_of(X, getattr(self.estimator, "feature_names_in_", None))
            parts = answer()
            if prediction_ids is not None:
                parts["prediction_id"] = list(prediction_ids)
            rows = {_PARTS[part]: values for part, values in parts.items()}
            self.client.log_batch({**columns, **rows}, **_PARTS, wait=0.0)
        except Exception as error:  # the estimator has answered: nothing here may spoil that
            self.client.complain("sklearn", error, _rows(X))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in {"estimator", "client"}:
            raise AttributeError(name)  # half-made, as while it is copied
        return getattr(self.estimator, name)

    def __sklearn_tags__(self) -> Any:
        return self.estimator.__sklearn_tags__()

    def __sklearn_is_fitted__(self) -> bool:
        from sklearn.utils.validation import check_is_fitted  # noqa: PLC0415 - asked by sklearn

        check_is_fitted(self.estimator)
        return True


def columns_of(X: Any, known: Sequence[str] | None) -> Mapping[str, Any]:
    """The columns of X by name. Raises TypeError if X is sparse.

    >>> columns_of([[41, 1.5], [42, 2.5]], ["age", "income"])
    {'age': [41, 42], 'income': [1.5, 2.5]}
    """
    if hasattr(X, "toarray"):
        raise TypeError("a sparse matrix is not logged: log the features it was made from")
    if hasattr(X, "columns"):
        return {str(name): X[name] for name in X.columns}
    if getattr(X, "ndim", 0) == 2:
        columns = list(X.T)
    else:
        rows = [row if isinstance(row, (list, tuple)) else [row] for row in X]
        columns = [list(column) for column in zip(*rows, strict=True)]
    names = [f"x{place}" for place in range(len(columns))] if known is None else known
    return dict(zip(map(str, names), columns, strict=True))


def _scored(answers: Any, classes: list[Any]) -> dict[str, Any]:
    rows = answers.tolist()
    parts: dict[str, Any] = {"prediction": [classes[row.index(max(row))] for row in rows]}
    if len(classes) == 2:
        parts["score"] = [row[1] for row in rows]
    else:
        names = list(map(str, classes))
        parts["score"] = [dict(zip(names, row, strict=True)) for row in rows]
    return parts


def _rows(X: Any) -> int:
    shape = getattr(X, "shape", None)
    return int(shape[0]) if shape else len(X)
