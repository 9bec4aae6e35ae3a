"""Logs what an estimator with scikit-learn's interface answers; also XGBoost's and LightGBM's."""
# ruff: noqa: N803 - X is what scikit-learn calls it, and callers may name it

from collections.abc import Callable, Sequence
from typing import Any

from watchkeeper.calls import Call
from watchkeeper.client import Client
from watchkeeper.columns import columns_of, rows_in


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
        call = self._call(X)
        answers = self.estimator.predict(X, *args, **kwargs)
        call.answered(_with_ids(lambda: {"prediction": answers}, prediction_ids))
        return answers

    def predict_proba(
        self, X: Any, *args: Any, prediction_ids: Sequence[str] | None = None, **kwargs: Any
    ) -> Any:
        """The estimator's probabilities for rows X, shape (rows, classes), logged."""
        call = self._call(X)
        answers = self.estimator.predict_proba(X, *args, **kwargs)
        scored = _with_ids(lambda: _scored(answers, list(self.estimator.classes_)), prediction_ids)
        call.answered(scored)
        return answers

    def _call(self, X: Any) -> Call:
        def read() -> Any:
            return columns_of(X, getattr(self.estimator, "feature_names_in_", None))

        return Call(self.client, "sklearn", read, rows_in(X))

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


def _with_ids(
    answer: Callable[[], dict[str, Any]], prediction_ids: Sequence[str] | None
) -> Callable[[], dict[str, Any]]:
    if prediction_ids is None:
        return answer
    return lambda: answer() | {"prediction_id": list(prediction_ids)}


def _scored(answers: Any, classes: list[Any]) -> dict[str, Any]:
    rows = answers.tolist()
    parts: dict[str, Any] = {"prediction": [classes[row.index(max(row))] for row in rows]}
    if len(classes) == 2:
        parts["score"] = [row[1] for row in rows]
    else:
        names = list(map(str, classes))
        parts["score"] = [dict(zip(names, row, strict=True)) for row in rows]
    return parts
