"""How good answers are, where actuals are known: one function per KPI.

Each takes the spec and labelled rows, and gives an estimate, or None where the rows do not allow
one. A row without what a KPI needs (a score, a prediction) does not count for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitor.core.findings import Worse
from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Sample
from monitor.detectors.performance.deviations import mae, mape, mse, r2, rmse
from monitor.detectors.performance.estimates import (
    Estimate,
    Flags,
    Floats,
    area,
    around,
    mean,
    ratio,
    share,
)
from monitor.detectors.performance.scored import average_precision, calibration_error

_SMALLEST = 1e-15
"""A probability is at least this much in a logarithm: a certain error costs 34.5 nats."""


@dataclass(frozen=True, slots=True)
class Kpi:
    """One number of performance: which side is worse, and how it is computed."""

    worse: Worse
    estimate: Callable[[ModelSpec, Sample], Estimate | None]


def _objects(values: npt.NDArray[np.object_] | Floats | None, rows: int) -> npt.NDArray[np.object_]:
    return np.full(rows, None) if values is None else np.asarray(values, object)


def _held(values: npt.NDArray[np.object_]) -> Flags:
    return np.asarray(values != np.array(None, object), bool)


def classes(sample: Sample) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """Predicted and actual class of the rows that have both."""
    predicted = _objects(sample.prediction, sample.rows)
    actual = _objects(sample.actual, sample.rows)
    held = _held(predicted) & _held(actual)
    return predicted[held], actual[held]


def scored(spec: ModelSpec, sample: Sample) -> tuple[Flags, Floats]:
    """Which rows are positive, and their scores, of the rows with both."""
    if sample.score is None:
        return np.empty(0, bool), np.empty(0)
    actual = _objects(sample.actual, sample.rows)
    held = np.isfinite(sample.score) & _held(actual)
    return np.asarray(actual[held] == spec.positive, bool), np.asarray(sample.score[held])


def _probable(spec: ModelSpec, sample: Sample) -> tuple[Flags, Floats] | None:
    """The same where every score is a probability and there are two rows or more."""
    positive, score = scored(spec, sample)
    if len(score) < 2 or score.min() < 0 or score.max() > 1:
        return None
    return positive, score


def accuracy(spec: ModelSpec, sample: Sample) -> Estimate | None:
    """Share of rows whose prediction is the actual."""
    predicted, actual = classes(sample)
    return share(int((predicted == actual).sum()), len(actual))


def business_value(spec: ModelSpec, sample: Sample) -> Estimate | None:
    """Mean of what rows are worth by the gains of the spec; pairs without a gain do not count."""
    if not spec.gains:
        return None
    none: Mapping[str, float] = {}
    pairs = zip(*(side.tolist() for side in classes(sample)), strict=True)
    worth = [spec.gains.get(actual, none).get(predicted, np.nan) for predicted, actual in pairs]
    values = np.asarray(worth, np.float64)
    return mean(values[np.isfinite(values)])


def _sides(spec: ModelSpec, sample: Sample) -> tuple[Flags, Flags]:
    predicted, actual = classes(sample)
    return np.asarray(predicted == spec.positive, bool), np.asarray(actual == spec.positive, bool)


def precision(spec: ModelSpec, sample: Sample) -> Estimate | None:
    """Share of rows predicted positive that are."""
    predicted, actual = _sides(spec, sample)
    return share(int((predicted & actual).sum()), int(predicted.sum()))


def recall(spec: ModelSpec, sample: Sample) -> Estimate | None:
    """Share of positive rows predicted so."""
    predicted, actual = _sides(spec, sample)
    return share(int((predicted & actual).sum()), int(actual.sum()))


def specificity(spec: ModelSpec, sample: Sample) -> Estimate | None:
    """Share of negative rows predicted so."""
    predicted, actual = _sides(spec, sample)
    return share(int((~predicted & ~actual).sum()), int((~actual).sum()))


def f1(spec: ModelSpec, sample: Sample) -> Estimate | None:
    """Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN)."""
    predicted, actual = _sides(spec, sample)
    return _f1(predicted, actual)


def _f1(predicted: Flags, actual: Flags) -> Estimate | None:
    both = np.asarray(2 * (predicted & actual), np.float64)
    return ratio(both, np.asarray(both + (predicted ^ actual), np.float64), 0.0, 1.0)


def f1_macro(spec: ModelSpec, sample: Sample) -> Estimate | None:
    """Mean of the F1 of every class that is predicted or actual."""
    predicted, actual = classes(sample)
    values, influence = [], np.zeros(len(actual))
    for name in sorted({*predicted, *actual}):
        p, a = np.asarray(predicted == name, bool), np.asarray(actual == name, bool)
        both = 2.0 * (p & a)
        below = both + (p ^ a)
        values.append(float(both.sum() / below.sum()))
        influence += (both - values[-1] * below) / below.mean()
    if len(actual) < 2:
        return None
    return around(float(np.mean(values)), influence / len(values), 0.0, 1.0)


def roc_auc(spec: ModelSpec, sample: Sample) -> Estimate | None:
    """Area under the ROC curve, with DeLong's interval."""
    return area(*scored(spec, sample))


def pr_auc(spec: ModelSpec, sample: Sample) -> Estimate | None:
    """Average precision, with a bootstrap interval."""
    positive, score = scored(spec, sample)
    return average_precision(positive, score)


def log_loss(spec: ModelSpec, sample: Sample) -> Estimate | None:
    """Mean of -ln of the probability that was given to what came true, in nats."""
    rows = _probable(spec, sample)
    if rows is None:
        return None
    positive, score = rows
    given = np.where(positive, score, 1 - score)
    return mean(-np.log(np.clip(given, _SMALLEST, 1.0)))


def brier(spec: ModelSpec, sample: Sample) -> Estimate | None:
    """Mean squared distance of the score from 0 or 1."""
    rows = _probable(spec, sample)
    return None if rows is None else mean(np.square(rows[1] - rows[0]))


def ece(spec: ModelSpec, sample: Sample) -> Estimate | None:
    """Expected calibration error over 10 bins of equal width, with a bootstrap interval."""
    rows = _probable(spec, sample)
    return None if rows is None else calibration_error(*rows)


def _given(sample: Sample) -> tuple[Floats, npt.NDArray[np.object_], list[str]]:
    """Scores by row and class, shape (rows, classes), and the actual, of rows with both."""
    names = sorted(sample.scores)
    actual = _objects(sample.actual, sample.rows)
    if not names:
        return np.empty((0, 0)), np.empty(0, object), names
    table = np.column_stack([sample.scores[name] for name in names])
    held = np.isfinite(table).all(axis=1) & _held(actual)
    return table[held], actual[held], names


def log_loss_many(spec: ModelSpec, sample: Sample) -> Estimate | None:
    """Mean of -ln of the probability that was given to the actual class, in nats."""
    table, actual, names = _given(sample)
    if len(actual) < 2 or table.min() < 0 or table.max() > 1:
        return None
    place = {name: column for column, name in enumerate(names)}
    columns = np.array([place.get(a, -1) for a in actual], np.int64)
    given = np.where(columns >= 0, table[np.arange(len(actual)), columns], 0.0)
    return mean(-np.log(np.clip(given, _SMALLEST, 1.0)))


def roc_auc_ovr(spec: ModelSpec, sample: Sample) -> Estimate | None:
    """Mean ROC AUC of each class against the rest.

    Its error is the mean of the classes' errors: right if they move together, else too large.
    """
    table, actual, names = _given(sample)
    found = [area(np.asarray(actual == n, bool), table[:, i]) for i, n in enumerate(names)]
    held = [f for f in found if f is not None]
    if not held:
        return None
    value, low, high, error = (
        float(np.mean([getattr(f, part) for f in held]))
        for part in ("value", "low", "high", "error")
    )
    return Estimate(value, low, high, error, len(actual))


KPIS: Mapping[Task, Mapping[str, Kpi]] = {
    Task.BINARY: {
        "roc_auc": Kpi(Worse.BELOW, roc_auc),
        "pr_auc": Kpi(Worse.BELOW, pr_auc),
        "accuracy": Kpi(Worse.BELOW, accuracy),
        "precision": Kpi(Worse.BELOW, precision),
        "recall": Kpi(Worse.BELOW, recall),
        "f1": Kpi(Worse.BELOW, f1),
        "specificity": Kpi(Worse.BELOW, specificity),
        "log_loss": Kpi(Worse.ABOVE, log_loss),
        "brier": Kpi(Worse.ABOVE, brier),
        "ece": Kpi(Worse.ABOVE, ece),
        "business_value": Kpi(Worse.BELOW, business_value),
    },
    Task.MULTICLASS: {
        "accuracy": Kpi(Worse.BELOW, accuracy),
        "f1_macro": Kpi(Worse.BELOW, f1_macro),
        "log_loss": Kpi(Worse.ABOVE, log_loss_many),
        "roc_auc_ovr": Kpi(Worse.BELOW, roc_auc_ovr),
        "business_value": Kpi(Worse.BELOW, business_value),
    },
    Task.REGRESSION: {
        "mae": Kpi(Worse.ABOVE, mae),
        "mse": Kpi(Worse.ABOVE, mse),
        "rmse": Kpi(Worse.ABOVE, rmse),
        "mape": Kpi(Worse.ABOVE, mape),
        "r2": Kpi(Worse.BELOW, r2),
    },
}
"""What is computed for each task, by name; a spec may demand a bound of each."""
