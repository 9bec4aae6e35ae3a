"""How far off predicted numbers are, where actuals are known: one function per KPI.

Each takes the spec and labelled rows, and gives an estimate, or None where the rows do not allow
one. Only rows with both numbers, both finite, count.
"""

import numpy as np

from monitor.core.spec import ModelSpec
from monitor.core.windows import Sample
from monitor.detectors.performance.estimates import Estimate, Floats, mean, ratio


def _pairs(sample: Sample) -> tuple[Floats, Floats]:
    """Prediction and actual of the rows that have both as finite numbers."""
    if sample.prediction is None or sample.actual is None:
        return np.empty(0), np.empty(0)
    predicted, actual = (np.asarray(v, np.float64) for v in (sample.prediction, sample.actual))
    held = np.isfinite(predicted) & np.isfinite(actual)
    return predicted[held], actual[held]


def mae(spec: ModelSpec, sample: Sample) -> Estimate | None:
    """Mean absolute error, in the unit of the actual."""
    predicted, actual = _pairs(sample)
    return mean(np.abs(predicted - actual))


def mse(spec: ModelSpec, sample: Sample) -> Estimate | None:
    """Mean squared error, in the squared unit of the actual."""
    predicted, actual = _pairs(sample)
    return mean(np.square(predicted - actual))


def rmse(spec: ModelSpec, sample: Sample) -> Estimate | None:
    """Root of the mean squared error, in the unit of the actual."""
    found = mse(spec, sample)
    if found is None:
        return None
    value = float(np.sqrt(found.value))
    low, high = np.sqrt(max(0.0, found.low)), np.sqrt(found.high)
    error = found.error / (2 * value) if value > 0 else 0.0
    return Estimate(value, float(low), float(high), error, found.rows)


def mape(spec: ModelSpec, sample: Sample) -> Estimate | None:
    """Mean of |error| / |actual|, as a share, of the rows whose actual is not 0."""
    predicted, actual = _pairs(sample)
    held = actual != 0
    with np.errstate(over="ignore"):
        return mean(np.abs((predicted[held] - actual[held]) / actual[held]))


def r2(spec: ModelSpec, sample: Sample) -> Estimate | None:
    """1 - squared error / squared distance of the actual from its mean; at most 1."""
    predicted, actual = _pairs(sample)
    if len(actual) < 2:
        return None
    lost = ratio(np.square(predicted - actual), np.square(actual - actual.mean()), 0.0)
    if lost is None:
        return None
    return Estimate(1 - lost.value, 1 - lost.high, 1 - lost.low, lost.error, lost.rows)
