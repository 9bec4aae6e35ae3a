"""What normal rows look like, and how unlike each other those are: learned from a reference."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self
from zlib import crc32

import numpy as np

from monitor.core.spec import FeatureType, ModelSpec
from monitor.core.windows import Numbers, Sample
from monitor.detectors.anomaly.norm import Normal

FEWEST = 100
"""Rows of each half of the reference: one of them is to be the least likely 1 %."""


@dataclass(frozen=True, slots=True)
class Yardstick:
    """Half of a reference says what is normal, the other half how unlike normal rows get.

    `held` has the scores of the other half, ascending. Which half a row is in depends on its id.
    """

    normal: Normal
    held: Numbers

    @classmethod
    def of(cls, spec: ModelSpec, reference: Sample, features: Iterable[str]) -> Self | None:
        """From the named features; None where rows are too few or no feature varies.

        Timestamps are left out: time moves on, so each new one lies past the reference.
        """
        side = np.array([crc32(i.encode()) & 1 for i in reference.prediction_ids], bool)
        if min(side.sum(), (~side).sum()) < FEWEST:
            return None
        chosen = [f for f in features if not _is_time(spec, f)]
        normal = Normal.of(reference, side, chosen)
        if normal is None:
            return None
        return cls(normal, np.sort(normal.scores(reference, ~side)))

    def p_values(self, scores: Numbers) -> Numbers:
        """For each score the share of held-out rows, itself counted, that are at least as unlike.

        Noise    of normal rows at most a share a is at most a, for every a from 1 / (held + 1) on.
        Source   V. Vovk, A. Gammerman, G. Shafer, Algorithmic Learning in a Random World (2005).
        """
        above = len(self.held) - np.searchsorted(self.held, scores, side="left")
        return np.asarray((above + 1) / (len(self.held) + 1))


def _is_time(spec: ModelSpec, feature: str) -> bool:
    return feature in spec.features and spec.features[feature].type is FeatureType.TIMESTAMP
