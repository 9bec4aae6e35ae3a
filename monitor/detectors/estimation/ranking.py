"""Which features made an estimate worse: those whose shift costs the most, first."""

import numpy as np

from monitor.core.findings import Worse
from monitor.core.windows import Sample
from monitor.detectors.estimation.classes import ClassEstimator
from monitor.detectors.estimation.impact import Impact, impacts
from monitor.detectors.estimation.numbers import NumberEstimator
from monitor.detectors.performance.groups import rows_of

SHOWN = 5
"""Features that are told."""
_ROWS = 3_000
"""Rows of each side that are looked at."""
_DIGITS = 9


def ranked(
    estimator: ClassEstimator | NumberEstimator, reference: Sample, window: Sample
) -> list[dict[str, object]]:
    """Features, the dearest first, with the cost of their shift and its 95 % interval.

    The cost is in expected loss a row: the share of wrong answers of a model with classes, the
    absolute error of one that answers numbers. Features that go together share it, see `impacts`.
    """
    before, now = _thinned(reference), _thinned(window)
    losses = estimator.expected_losses(now)
    usable = np.isfinite(losses)
    if not usable.any():
        return []
    losses = losses[usable]
    sides = (estimator.encoding.matrix(before), estimator.encoding.matrix(now)[usable])
    columns = {
        name: (sides[0][:, k], sides[1][:, k]) for k, name in enumerate(estimator.encoding.names)
    }
    found = impacts(columns, lambda rows: float(losses[rows].mean()), Worse.ABOVE)
    return [_told(impact) for impact in found[:SHOWN] if impact.cost > 0]


def _told(impact: Impact) -> dict[str, object]:
    parts = {"cost": impact.cost, "low": impact.low, "high": impact.high, "kept": impact.kept}
    return {"feature": impact.feature, **{k: round(v, _DIGITS) for k, v in parts.items()}}


def _thinned(sample: Sample) -> Sample:
    """At most so many rows, evenly apart in order of their ids: the same whatever their order."""
    order = np.argsort(np.asarray(sample.prediction_ids, str), kind="stable")
    if len(order) > _ROWS:
        order = order[np.arange(_ROWS) * len(order) // _ROWS]
    return rows_of(sample, order)
