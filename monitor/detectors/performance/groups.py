"""Whether answers are as good for one group of rows as for another."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.stats import norm

from monitor.core.spec import ModelSpec
from monitor.core.windows import Labels, Sample
from monitor.detectors.performance.estimates import Estimate
from monitor.detectors.performance.kpis import KPIS

FEWEST = 30
"""Labelled rows below which nothing is said of a group."""


@dataclass(frozen=True, slots=True)
class GroupGap:
    """A KPI of a group against all other rows: their difference with its 95 % interval."""

    group: str
    own: Estimate
    others: Estimate
    value: float
    low: float
    high: float


def group_gaps(spec: ModelSpec, kpi: str, sample: Sample, groups: Labels) -> Sequence[GroupGap]:
    """The gap of each group, by name; `groups` has shape (rows,), None where unknown.

        gap = KPI of the group - KPI of the other groups, error = sqrt(sum of squared errors)

    The two have no row in common. The interval is widened for as many groups as are compared
    (Bonferroni), so that all hold together in 95 of 100 cases.

    Needs    two groups of 30 labelled rows; smaller ones count among the others only.
    Noise    about the error around 0 where groups do not differ.
    Source   definition; C. Bonferroni (1936).
    Errors   KeyError for a KPI that the task does not have.
    """
    estimate = KPIS[spec.task][kpi].estimate
    known = np.asarray(groups != np.array(None, object), bool)
    names = sorted({str(g) for g in groups[known]})
    sizes = {name: int(np.sum(groups == name)) for name in names}
    large = [name for name in names if sizes[name] >= FEWEST]
    found = []
    for name in large:
        own = estimate(spec, rows_of(sample, np.flatnonzero(groups == name)))
        others = estimate(spec, rows_of(sample, np.flatnonzero(known & (groups != name))))
        if own is not None and others is not None and others.rows >= FEWEST:
            found.append(_between(name, own, others, len(large)))
    return found


def _between(name: str, own: Estimate, others: Estimate, groups: int) -> GroupGap:
    value = own.value - others.value
    wide = float(norm.isf(0.025 / max(1, groups))) * sqrt(own.error**2 + others.error**2)
    return GroupGap(name, own, others, value, value - wide, value + wide)


def rows_of(sample: Sample, rows: np.ndarray) -> Sample:
    """Those rows of a sample, by index."""
    return Sample(
        total=len(rows),
        prediction_ids=[sample.prediction_ids[i] for i in rows.tolist()],
        numbers={name: values[rows] for name, values in sample.numbers.items()},
        labels={name: values[rows] for name, values in sample.labels.items()},
        prediction=None if sample.prediction is None else sample.prediction[rows],
        score=None if sample.score is None else sample.score[rows],
        scores={name: values[rows] for name, values in sample.scores.items()},
        actual=None if sample.actual is None else sample.actual[rows],
    )
