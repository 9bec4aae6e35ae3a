"""A changed distribution of the features together."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import sqrt
from typing import ClassVar

import numpy as np
from scipy.stats import ttest_ind

from monitor.core.detector import SampleDetector
from monitor.core.findings import Measurement
from monitor.core.spec import FeatureType, ModelSpec
from monitor.core.windows import Numbers, Sample
from monitor.detectors.drift.edges import within
from monitor.detectors.drift.reconstruction import Reconstruction
from monitor.detectors.drift.telling import (
    FEWEST,
    ROWS,
    drawn,
    importances,
    measured,
    most_typical,
    trees,
)
from monitor.detectors.estimation.encoding import Encoding
from monitor.detectors.performance.estimates import Z

MOST = 50_000
NAMED = 5
_ALONE = frozenset({FeatureType.TEXT, FeatureType.EMBEDDING, FeatureType.TIMESTAMP})


@dataclass(frozen=True, slots=True)
class Multivariate(SampleDetector):
    """Whether features still go together as they did, and whether rows can be told apart.

    `reconstruction`: how far rows lie from the principal axes of one half of the reference, now
    against its other half; the difference of the means in deviations of that half. `classifier`:
    the AUC of boosted trees that tell 3,000 rows of each side apart.

    Value    `reconstruction` 0 and up, 0 is no change; `classifier` .5 to 1, .5 is no change; both
             worse above, with 95 % intervals. The evidence ranks the features that carry it, and
             names the rows that are most typical of the change.
    Needs    200 rows of the reference, 100 and the window's `min_rows` now, one feature that is no
             time, text or embedding.
    Noise    at most a share a of p-values is below a, where rows do not depend on each other.
    Source   `reconstruction.py`, `telling.py`; difference by B. L. Welch, Biometrika 34 (1947) 28.
    """

    name: ClassVar[str] = "drift.multivariate"

    def measure(self, spec: ModelSpec, reference: Sample, current: Sample) -> Iterable[Measurement]:
        """One measurement by each method, or none."""
        if reference.rows < 2 * FEWEST or current.rows < max(FEWEST, spec.window.min_rows):
            return
        before, now = (_joint(spec, side) for side in (reference, current))
        encoding = Encoding.of(spec, before)
        names = [*encoding.numbers, *encoding.codes]
        if not names:
            return
        turns = [drawn(side.prediction_ids, MOST) for side in (before, now)]
        old, new = (
            encoding.matrix(side)[turn] for side, turn in zip((before, now), turns, strict=True)
        )
        old, new = within(old, encoding.categorical, old, new)
        yield from _reconstructed(old, new, encoding.categorical, names)
        ids = [str(now.prediction_ids[i]) for i in turns[1][:ROWS]]
        yield _classified(old[:ROWS], new[:ROWS], names, ids)


def _joint(spec: ModelSpec, sample: Sample) -> Sample:
    """Only the features that are looked at together."""
    alone = {name for name, said in spec.features.items() if said.type in _ALONE}
    return replace(
        sample,
        numbers={n: v for n, v in sample.numbers.items() if n not in alone},
        labels={n: v for n, v in sample.labels.items() if n not in alone},
    )


def _reconstructed(
    before: Numbers, now: Numbers, categorical: list[bool], names: list[str]
) -> Iterable[Measurement]:
    # Rows come in the order of a hash of their ids, so that any half is a random one.
    shown, held = before[::2], before[1::2]
    axes = Reconstruction.of(shown, categorical)
    old, new = axes.errors(held), axes.errors(now)
    spread = float(np.std(old, ddof=1))
    if spread <= 1e-9:  # the axes hold every row: nothing is left to compare
        return
    gap = float(new.mean() - old.mean())
    error = sqrt(float(np.var(old, ddof=1)) / len(old) + float(np.var(new, ddof=1)) / len(new))
    added = axes.by_column(now) - axes.by_column(held)
    yield Measurement(
        "reconstruction",
        abs(gap) / spread,
        p_value=float(ttest_ind(old, new, equal_var=False).pvalue),
        low=max(0.0, abs(gap) - Z * error) / spread,
        high=(abs(gap) + Z * error) / spread,
        evidence={
            "error": {"before": float(old.mean()), "now": float(new.mean())},
            "features": _ranked(names, np.abs(added)),
        },
    )


def _classified(before: Numbers, now: Numbers, names: list[str], ids: list[str]) -> Measurement:
    columns = np.concatenate([before, now])
    side = np.arange(len(columns)) >= len(before)
    apart = trees(columns, side)
    if apart.low <= 0.5:
        return measured(apart, None, {"features": []})
    lost = importances(apart, columns, side)
    typical = most_typical(apart, len(columns))[len(before) :]
    top = np.argsort(-typical, kind="stable")[:NAMED]
    examples = [{"prediction_id": ids[i]} for i in top.tolist()]
    ranked = _ranked(names, np.maximum(0, lost))
    return measured(apart, None, {"features": ranked, "examples": examples})


def _ranked(names: list[str], weights: Numbers) -> list[dict[str, object]]:
    """The features that carry most, each with its part of the whole."""
    total = float(weights.sum())
    order = np.argsort(-weights, kind="stable")[:NAMED].tolist()
    return [{"feature": names[i], "part": float(weights[i]) / total} for i in order if weights[i]]
