"""KPIs of a regression before actuals come: direct loss estimation, learned once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf, sqrt

import numpy as np
from scipy.sparse import csr_array

from monitor.core.spec import ModelSpec
from monitor.core.windows import Sample
from monitor.detectors.estimation.blend import Blend, Trial
from monitor.detectors.estimation.classes import FEWEST, LEARNED, SMALLEST, Estimated, bounded
from monitor.detectors.estimation.encoding import Encoding, Floats
from monitor.detectors.estimation.expected import Expected
from monitor.detectors.estimation.losses import (
    ABSOLUTE,
    RELATIVE,
    SIGNED,
    SQUARED,
    Forecast,
    targets,
)
from monitor.detectors.estimation.ratio import Cells, Ratio, ratio
from monitor.detectors.estimation.refusal import Refusal
from monitor.detectors.estimation.shifts import Shifted, shifted
from monitor.detectors.performance.estimates import Estimate, Z

DLE = "dle"
_KPIS = ("mae", "mse", "rmse", "mape", "r2")


@dataclass(frozen=True, slots=True)
class NumberEstimator:
    """Estimates KPIs of windows of a model that answers a number.

    Trees forecast each row's absolute, squared, signed and relative error from its prediction and
    features; KPIs are made of their means. `usual` are the KPIs of the reference, `absolute` its
    errors.

    Needs    300 labelled rows in the reference.
    Noise    the 95 % interval holds the realized KPI in 90 to 99 of 100 windows whose features
             alone shifted (`benchmarks/estimation`).
    Source   NannyML 0.13.1, which named direct loss estimation.
    """

    spec: ModelSpec
    encoding: Encoding
    cells: Cells
    known: csr_array
    forecasts: Mapping[str, Forecast]
    blend: Blend
    usual: Mapping[str, float]
    absolute: Floats

    @classmethod
    def fit(cls, spec: ModelSpec, reference: Sample, seed: int = 0) -> "NumberEstimator | Refusal":
        """Learn from the labelled rows of a reference, at most 50,000, or say why not."""
        encoding = Encoding.of(spec, reference)
        inputs, actual = _inputs(encoding, reference), _numbers(reference, reference.actual)
        held = np.flatnonzero(np.isfinite(inputs[:, 0]) & np.isfinite(actual))
        if len(held) < FEWEST:
            return Refusal(f"the reference has {len(held)} labelled rows; {FEWEST} are needed")
        held = np.random.default_rng(seed).permutation(held)[:LEARNED]
        inputs, actual = inputs[held], actual[held]
        truth = targets(inputs[:, 0], actual)
        found = {n: Forecast.of(inputs, t, encoding.categorical, seed) for n, t in truth.items()}
        forecasts = {name: f for name, f in found.items() if f is not None}
        cells = Cells.of(inputs)
        cell = cells.indicators(inputs)
        known = {name: t for name, t in truth.items() if name in forecasts}
        usual = {n: e.value for n, e in expected_errors(inputs[:, 0], known, {}).items()}
        trials = [
            _trial(cells, cell, inputs, known, forecasts, usual, s) for s in shifted(inputs, seed)
        ]
        blend = Blend.of((DLE,), trials, {name: (name,) for name in _KPIS}, np.ones(1))
        return cls(spec, encoding, cells, cell, forecasts, blend, usual, truth[ABSOLUTE])

    def estimate(self, window: Sample) -> Estimated | Refusal:
        """Every KPI of a window with its 95 % interval, or why there is none."""
        window = bounded(window)
        inputs = _inputs(self.encoding, window)
        inputs = inputs[np.isfinite(inputs[:, 0])]
        if len(inputs) < SMALLEST:
            return Refusal(f"{len(inputs)} rows have a prediction; {SMALLEST} are needed")
        against = ratio(self.cells, self.known, inputs)
        if against.is_extreme:
            return Refusal(
                f"{against.beyond:.0%} of the rows lie where the reference has next to nothing:"
                " the density ratio is too extreme to trust"
            )
        said = {name: forecast.at(inputs) for name, forecast in self.forecasts.items()}
        noise = {name: forecast.noise for name, forecast in self.forecasts.items()}
        kpis = {
            name: self._estimate(name, e, len(inputs), against)
            for name, e in expected_errors(inputs[:, 0], said, noise).items()
        }
        shares = {name: {DLE: 1.0} for name in kpis}
        return Estimated(kpis, len(inputs), window.rows - len(inputs), against.kept, shares)

    def expected_losses(self, window: Sample) -> Floats:
        """The expected absolute error of each row, shape (rows,); NaN without a prediction."""
        inputs = _inputs(self.encoding, window)
        usable = np.isfinite(inputs[:, 0])
        found = np.full(window.rows, np.nan)
        if usable.any():
            found[usable] = np.maximum(0.0, self.forecasts[ABSOLUTE].at(inputs[usable]))
        return found

    def unseen_losses(self) -> tuple[Floats, Floats]:
        """Loss and expected loss of each row of the reference, by what had not learned it."""
        return self.absolute, self.forecasts[ABSOLUTE].unseen

    def without_rows(self) -> "NumberEstimator":
        """What `expected_losses` needs, and no more: it gives no estimates."""
        only = {ABSOLUTE: replace(self.forecasts[ABSOLUTE], unseen=np.empty(0))}
        none = np.empty(0, np.int64)
        return replace(self, known=self.known[none], forecasts=only, absolute=np.empty(0))

    def _estimate(self, name: str, e: Expected, rows: int, against: Ratio) -> Estimate:
        learned = self.known.shape[0] * max(against.kept, 1e-4)
        correction = e.value - self.usual.get(name, e.value)
        beyond = self.blend.variance(name, against.kept, correction)
        error = sqrt(e.variance * (1 + rows / learned) + beyond)
        least, most = (-inf, 1.0) if name == "r2" else (0.0, inf)
        low, high = max(least, e.value - Z * error), min(most, e.value + Z * error)
        return Estimate(e.value, low, high, error, rows)


def _inputs(encoding: Encoding, sample: Sample) -> Floats:
    predicted = _numbers(sample, sample.prediction)
    return np.concatenate([predicted[:, None], encoding.matrix(sample)], axis=1)


def _numbers(sample: Sample, values: object) -> Floats:
    if values is None:
        return np.full(sample.rows, np.nan)
    return np.asarray(values, np.float64)


def expected_errors(
    predicted: Floats, said: Mapping[str, Floats], noise: Mapping[str, float]
) -> Mapping[str, Expected]:
    """KPIs from each row's targets, and the variance that their noise gives.

    With true targets and no noise they are the realized KPIs (a test says so). Targets that are
    NaN do not count.
    """
    means = {name: _mean(values, noise.get(name, 0.0)) for name, values in said.items()}
    found = {"mae": means[ABSOLUTE], "mse": means[SQUARED]}
    if RELATIVE in means:
        found["mape"] = means[RELATIVE]
    square = means[SQUARED]
    if square.value > 0:
        found["rmse"] = Expected(sqrt(square.value), square.variance / (4 * square.value))
    off = predicted - predicted.mean()
    spread = float(np.mean(off * off - 2 * off * said[SIGNED] + said[SQUARED]))
    spread -= float(np.mean(off - said[SIGNED])) ** 2
    if spread > 0:
        found["r2"] = Expected(1 - square.value / spread, square.variance / spread**2)
    return {n: e for n, e in found.items() if np.isfinite(e.value) and np.isfinite(e.variance)}


def _mean(values: Floats, noise: float) -> Expected:
    held = values[np.isfinite(values)]
    if not len(held):
        return Expected(np.nan, np.nan)
    return Expected(float(held.mean()), noise * float(held @ held) / len(held) ** 2)


def _trial(
    cells: Cells,
    cell: csr_array,
    inputs: Floats,
    truth: Mapping[str, Floats],
    forecasts: Mapping[str, Forecast],
    usual: Mapping[str, float],
    resample: Shifted,
) -> Trial:
    """How far off the forecasts are on a resample, none of whose rows they had learned."""
    rows = resample.rows
    against = ratio(cells, cell, inputs[rows])
    realized = expected_errors(inputs[rows, 0], {n: t[rows] for n, t in truth.items()}, {})
    said = {n: f.unseen[rows] for n, f in forecasts.items()}
    found = expected_errors(inputs[rows, 0], said, {n: f.noise for n, f in forecasts.items()})
    names = realized.keys() & found.keys() & usual.keys()
    return Trial(
        resample.strength,
        against.kept,
        {n: [found[n].value - realized[n].value] for n in names},
        {n: found[n].variance for n in names},
        {n: found[n].value - usual[n] for n in names},
    )
