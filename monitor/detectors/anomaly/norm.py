"""What normal rows look like: each feature alone, and how the numbers go together."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri
from sklearn.covariance import ledoit_wolf

from monitor.core.windows import Sample

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_FITTED = 10.0
"""Deviations to which values are cut while their covariance is learned, not when scored."""
_TAIL = 2.326
"""Deviations past which 1 % of a normal distribution lie."""
_TAIL_OF_TAIL, _LONG = 3.09, 4.0
"""Deviations past which .1 % of a normal distribution lie, and from which on a tail is long."""
_BENT_FROM = 1000
"""Values below which nobody knows where the outermost .1 % lie."""
_LARGEST = 1e6
"""Deviations past which more makes no difference; keeps squares finite."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Middle of a number, and its width below and above: robust standard deviations above 0.

    A side with a long tail is as wide as brings its outermost 1 % to 2.33 deviations, where they
    are in a normal distribution: else one skewed feature would drown all others. For the same
    reason a tail whose outermost .1 % lie much farther out still grows with the logarithm from
    there on, by `bent` deviations for each time it is e times as far; 0 is a straight line.
    """

    middle: float
    below: float
    above: float
    bent_below: float = 0.0
    bent_above: float = 0.0

    @classmethod
    def of(cls, values: Floats) -> "Scale | None":
        """From finite values; None where there are under two, or all are the same."""
        if len(values) < 2:
            return None
        shares = [0.001, 0.01, 0.5, 0.99, 0.999]
        least, low, middle, high, most = (float(q) for q in np.quantile(values, shares))
        width = 1.4826 * float(np.median(np.abs(values - middle)))
        if width <= 0:
            width = float(np.std(values))
        if not np.isfinite(width) or width <= 0:
            return None
        below, above = max(width, (middle - low) / _TAIL), max(width, (high - middle) / _TAIL)
        if len(values) < _BENT_FROM:
            return cls(middle, below, above)
        return cls(
            middle, below, above, _bent((middle - least) / below), _bent((most - middle) / above)
        )

    def deviations(self, values: Floats) -> Floats:
        """Deviations from the middle, 0 where missing: that a value is missing is not odd here."""
        low = values < self.middle
        with np.errstate(over="ignore"):
            width = np.where(low, self.below, self.above)
            scaled = np.clip((values - self.middle) / width, -_LARGEST, _LARGEST)
        bent = np.where(low, self.bent_below, self.bent_above)
        far = np.maximum(np.abs(scaled) / _TAIL, 1.0)
        curved = np.sign(scaled) * (_TAIL + bent * np.log(far))
        scaled = np.where((bent > 0) & (far > 1), curved, scaled)
        return np.where(np.isnan(scaled), 0.0, scaled)


def _bent(outermost: float) -> float:
    """Deviations that e times as far adds, from where the outermost .1 % lie in a straight line."""
    if outermost <= _LONG:
        return 0.0
    return (_TAIL_OF_TAIL - _TAIL) / float(np.log(outermost / _TAIL))


@dataclass(frozen=True, slots=True)
class Rarity:
    """How rare each category is, in deviations of a normal distribution that is as rare."""

    deviations_of: Mapping[str, float]
    unseen: float

    @classmethod
    def of(cls, values: npt.NDArray[np.object_]) -> "Rarity | None":
        """From values, None where missing; None where there are none."""
        counts = Counter(v for v in values.tolist() if v is not None)
        total = sum(counts.values()) + 1
        if not counts:
            return None
        known = {v: float(-ndtri(n / total / 2)) for v, n in counts.items()}
        return cls(known, float(-ndtri(0.5 / total / 2)))

    def deviations(self, values: npt.NDArray[np.object_]) -> Floats:
        """One a row, 0 where missing."""
        return np.array(
            [0.0 if v is None else self.deviations_of.get(v, self.unseen) for v in values.tolist()]
        )


@dataclass(frozen=True, slots=True)
class Normal:
    """What is normal, and how far a row is from it.

        score = max(largest deviation of a feature / its usual, Mahalanobis distance / its usual)

    with deviations in robust standard deviations (a category as rare as a normal deviate), the
    distance over all numbers with the covariance of Ledoit and Wolf, and as usual what 99 % of
    the rows learned from stay below.

    Value    0 and up; about 1 where rows begin to be unusual.
    Source   O. Ledoit, M. Wolf, J. Multivariate Anal. 88 (2004) 365; METHODS 6 has what it finds.
    """

    scales: Mapping[str, Scale]
    rarities: Mapping[str, Rarity]
    precision: Floats
    middle: Floats
    usual: tuple[float, float] = (1.0, 1.0)
    features: Sequence[str] = field(default_factory=tuple)

    @classmethod
    def of(cls, sample: Sample, rows: Flags, features: Sequence[str]) -> Self | None:
        """Learned from the chosen rows; None where no feature varies."""
        scales = {
            f: scale
            for f in features
            if f in sample.numbers and (scale := Scale.of(_finite(sample.numbers[f][rows])))
        }
        rarities = {
            f: rarity
            for f in features
            if f in sample.labels and (rarity := Rarity.of(sample.labels[f][rows]))
        }
        if not scales and not rarities:
            return None
        middle, precision = np.zeros(len(scales)), np.eye(len(scales))
        if scales:
            held = np.column_stack(
                [s.deviations(sample.numbers[f][rows]) for f, s in scales.items()]
            )
            held = np.clip(held, -_FITTED, _FITTED)
            covariance, _ = ledoit_wolf(held)
            middle, precision = held.mean(axis=0), np.linalg.pinv(covariance, hermitian=True)
        names = (*scales, *rarities)
        first = cls(scales, rarities, precision, middle, features=names)
        usual = [max(1e-9, float(np.quantile(d, 0.99))) for d in first._distances(sample, rows)]
        return cls(scales, rarities, precision, middle, (usual[0], usual[1]), names)

    def scores(self, sample: Sample, rows: Flags) -> Floats:
        """How far the chosen rows are from normal."""
        largest, distance = self._distances(sample, rows)
        return np.asarray(np.maximum(largest / self.usual[0], distance / self.usual[1]))

    def guilty(self, sample: Sample, rows: npt.NDArray[np.int64]) -> list[list[int]]:
        """For each row the features, by number, that put it so far: worst first.

        Alone a feature weighs its deviation; together with others what it adds to the distance.
        """
        deviations = self._deviations(sample, rows)
        numbers = len(self.scales)
        centred = deviations[:, :numbers] - self.middle
        added = np.zeros_like(deviations)
        added[:, :numbers] = np.sqrt(np.maximum(0.0, centred * (centred @ self.precision)))
        alone = np.abs(deviations) / self.usual[0]
        weights = np.maximum(alone, added / self.usual[1])
        return [np.argsort(-w, kind="stable").tolist() for w in weights]

    def _deviations(self, sample: Sample, rows: Flags | npt.NDArray[np.int64]) -> Floats:
        numbers = [s.deviations(sample.numbers[f][rows]) for f, s in self.scales.items()]
        labels = [r.deviations(sample.labels[f][rows]) for f, r in self.rarities.items()]
        return np.column_stack([*numbers, *labels])

    def _distances(self, sample: Sample, rows: Flags) -> tuple[Floats, Floats]:
        deviations = self._deviations(sample, rows)
        centred = deviations[:, : len(self.scales)] - self.middle
        squared = np.einsum("ij,jk,ik->i", centred, self.precision, centred)
        return np.abs(deviations).max(axis=1), np.sqrt(np.maximum(0.0, squared))


def _finite(values: Floats) -> Floats:
    return values[np.isfinite(values)]
