"""What is to be expected of each error of a regression: what the KPIs are means of."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingRegressor

from monitor.detectors.estimation.encoding import Floats

ABSOLUTE, SQUARED, SIGNED, RELATIVE = "absolute", "squared", "signed", "relative"
_LEARNED = 50_000
_FOLDS = 3


def targets(predicted: Floats, actual: Floats) -> Mapping[str, Floats]:
    """|e|, e^2, e and |e| / |actual| of each row, e = predicted - actual; NaN where undefined."""
    error = predicted - actual
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        relative = np.where(actual != 0, np.abs(error / actual), np.nan)
    return {
        ABSOLUTE: np.abs(error),
        SQUARED: np.square(error),
        SIGNED: error,
        RELATIVE: relative,
    }


@dataclass(frozen=True, slots=True)
class Forecast:
    """The mean of one target given prediction and features, right on average over the reference.

    `factor` and `shift` bring what trees said of rows that they had not learned to the true mean.
    `noise` is the variance of the target over its squared forecast, `unseen` what was said of each
    row of the reference, NaN where the target is undefined.
    """

    grown: HistGradientBoostingRegressor
    factor: float
    shift: float
    noise: float
    unseen: Floats

    @classmethod
    def of(
        cls, inputs: Floats, target: Floats, categorical: list[bool], seed: int
    ) -> "Forecast | None":
        """From inputs, shape (rows, columns), prediction first; None with few defined targets."""
        held = np.flatnonzero(np.isfinite(target))
        if len(held) < 100:
            return None
        said = np.full(len(target), np.nan)
        fold = np.random.default_rng(seed).permutation(len(held)) % _FOLDS
        for k in range(_FOLDS):
            learned, rest = held[fold != k], held[fold == k]
            said[rest] = _grown(inputs, target, learned, categorical, seed).predict(inputs[rest])
        factor, shift = _level(target[held], said[held])
        said = factor * said + shift
        squares = float(np.mean(said[held] ** 2))
        noise = float(np.mean((target[held] - said[held]) ** 2)) / squares if squares > 0 else 0.0
        grown = _grown(inputs, target, held, categorical, seed)
        return cls(grown, factor, shift, noise, said)

    def at(self, inputs: Floats) -> Floats:
        """The expected target of each row."""
        return np.asarray(self.factor * self.grown.predict(inputs) + self.shift, np.float64)


def _level(target: Floats, said: Floats) -> tuple[float, float]:
    """Factor and shift to the true mean: a factor where targets are never negative."""
    if target.min() >= 0 and said.mean() > 0:
        return float(target.mean() / said.mean()), 0.0
    return 1.0, float(target.mean() - said.mean())


def _grown(
    inputs: Floats,
    target: Floats,
    rows: npt.NDArray[np.int64],
    categorical: list[bool],
    seed: int,
) -> HistGradientBoostingRegressor:
    drawn = np.random.default_rng(seed).permutation(rows)[:_LEARNED]
    grown = HistGradientBoostingRegressor(
        max_iter=100,
        learning_rate=0.1,
        max_leaf_nodes=31,
        min_samples_leaf=20,
        l2_regularization=1.0,
        categorical_features=[False, *categorical],
        early_stopping=False,
        random_state=seed,
    )
    grown.fit(inputs[drawn], target[drawn])
    return grown
