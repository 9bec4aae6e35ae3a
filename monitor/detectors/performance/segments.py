"""KPIs of each segment, and how much worse off a segment is than the other rows."""

from collections.abc import Iterator, Mapping, Sequence
from math import sqrt

import numpy as np
from scipy.stats import norm

from monitor.core.findings import Measurement, Worse
from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Labels, Sample
from monitor.detectors.performance.estimates import Estimate, worse_chance
from monitor.detectors.performance.groups import FEWEST, GroupGap, group_gaps, rows_of
from monitor.detectors.performance.kpis import KPIS

MOST = 20
"""Segments of a feature that are looked at: those with the most rows."""
LOOKED_AT: Mapping[Task, Sequence[str]] = {
    Task.BINARY: ("accuracy", "roc_auc"),
    Task.MULTICLASS: ("accuracy",),
    Task.REGRESSION: ("mae",),
}
"""KPIs of each segment, beside those that the spec bounds; the first is the one compared."""
GAPS = tuple(sorted({f"{names[0]}_gap" for names in LOOKED_AT.values()}))
"""The methods of what compares a segment with the other rows."""


def by_segment(spec: ModelSpec, reference: Sample, current: Sample) -> Iterator[Measurement]:
    """KPIs by segment, and gaps between segments, of labelled rows.

    `accuracy_gap` is the accuracy of the other rows minus that of the segment; `mae_gap` the
    segment's error over the others', minus 1: above 0 the segment is worse off. Expected is the
    gap in the reference.
    """
    for feature in spec.segment_names:
        before, now = groups_of(reference, feature), groups_of(current, feature)
        if now is None:
            continue
        for name in _largest(now):
            own = rows_of(current, np.flatnonzero(now == name))
            known = None if before is None else rows_of(reference, np.flatnonzero(before == name))
            yield from _kpis(spec, f"{feature}={name}", known, own)
        yield from _gaps(spec, feature, (reference, before), (current, now))


def groups_of(sample: Sample, feature: str) -> Labels | None:
    """The segment of each row, shape (rows,), None where unknown; None without such a feature.

    >>> groups_of(Sample(2, ["a", "b"], numbers={"vip": np.array([1.0, np.nan])}), "vip").tolist()
    ['1', None]
    """
    if feature in sample.labels:
        return sample.labels[feature]
    if feature not in sample.numbers:
        return None
    values = sample.numbers[feature].tolist()
    return np.array([f"{v:g}" if np.isfinite(v) else None for v in values], object)


def _largest(groups: Labels) -> list[str]:
    known = groups[np.asarray(groups != np.array(None, object), bool)].astype(str)
    names, counts = np.unique(known, return_counts=True)
    order = np.lexsort((names, -counts))[:MOST]
    return [str(names[i]) for i in order if counts[i] >= FEWEST]


def _kpis(
    spec: ModelSpec, segment: str, reference: Sample | None, current: Sample
) -> Iterator[Measurement]:
    for name in dict.fromkeys([*LOOKED_AT[spec.task], *(spec.kpis.keys() & KPIS[spec.task])]):
        kpi = KPIS[spec.task][name]
        now = kpi.estimate(spec, current)
        if now is None or not _sound(now):
            continue
        enough = reference is not None and reference.rows >= FEWEST
        known = kpi.estimate(spec, reference) if reference is not None and enough else None
        if known is not None and not _sound(known):
            known = None
        yield Measurement(
            name,
            now.value,
            segment=segment,
            worse=kpi.worse,
            expected=None if known is None else known.value,
            p_value=1.0 if known is None else worse_chance(known, now, kpi.worse),
            low=now.low,
            high=now.high,
            evidence={"labelled": current.rows},
        )


def _sound(estimate: Estimate) -> bool:
    return bool(np.isfinite([estimate.value, estimate.low, estimate.high, estimate.error]).all())


def _gaps(
    spec: ModelSpec,
    feature: str,
    before: tuple[Sample, Labels | None],
    now: tuple[Sample, Labels],
) -> Iterator[Measurement]:
    kpi = LOOKED_AT[spec.task][0]
    kept = np.array([g if g in _largest(now[1]) else None for g in now[1]], object)
    known = {} if before[1] is None else _by_name(group_gaps(spec, kpi, before[0], before[1]))
    for name, gap in _by_name(group_gaps(spec, kpi, now[0], kept)).items():
        value, error = _worse_off(spec, kpi, gap)
        wide = (gap.high - gap.low) / 2 * (error / sqrt(gap.own.error**2 + gap.others.error**2))
        usual = _worse_off(spec, kpi, known[name]) if name in known else None
        yield Measurement(
            f"{kpi}_gap",
            value,
            segment=f"{feature}={name}",
            expected=None if usual is None else usual[0],
            p_value=1.0 if usual is None else _chance(value - usual[0], error, usual[1]),
            low=value - wide,
            high=value + wide,
            evidence={"own": gap.own.value, "others": gap.others.value, "labelled": gap.own.rows},
        )


def _by_name(gaps: Sequence[GroupGap]) -> dict[str, GroupGap]:
    """Those whose errors say something."""
    return {g.group: g for g in gaps if g.own.error > 0 and g.others.error > 0}


def _worse_off(spec: ModelSpec, kpi: str, gap: GroupGap) -> tuple[float, float]:
    """How much worse off a group is, and its standard error."""
    error = sqrt(gap.own.error**2 + gap.others.error**2)
    if KPIS[spec.task][kpi].worse is Worse.BELOW:
        return -gap.value, error
    below = max(gap.others.value, 1e-12)
    return gap.value / below, error / below


def _chance(rise: float, error: float, before: float) -> float:
    return float(norm.sf(rise / sqrt(error**2 + before**2)))
