"""A changed distribution of the probability of a class: `drift.prediction` of many classes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from monitor.core.detector import SampleDetector
from monitor.core.findings import Measurement
from monitor.core.spec import ModelSpec
from monitor.core.windows import Sample
from monitor.detectors.drift.columns import number_effect
from monitor.detectors.drift.effects import FEWEST_REFERENCE, Effect
from monitor.detectors.drift.univariate import measured


@dataclass(frozen=True, slots=True)
class ClassScores(SampleDetector):
    """Smirnov's gap of the scores of each class from the reference's.

    The finding's feature is `score.CLASS`, where the score stands in a row.

    Value    0 to 1; 0 is the same distribution; worse above. `low` is free of noise.
    Needs    the window's `min_rows` scores and 30 in the reference, of a class that both have.
    Noise    the p-value says how often rows that do not depend on each other do that unchanged.
    Source   `distances.py`.
    """

    name: ClassVar[str] = "drift.prediction"

    def measure(self, spec: ModelSpec, reference: Sample, current: Sample) -> Iterable[Measurement]:
        """At most one measurement a class."""
        for label in sorted(reference.scores.keys() & current.scores.keys()):
            before, now = reference.scores[label], current.scores[label]
            if np.isfinite(before).sum() < FEWEST_REFERENCE:
                continue
            found = number_effect("kolmogorov_smirnov", before, now, spec.window.min_rows)
            if isinstance(found, Effect):
                yield measured(found, f"score.{label}", of="score", label=label)
