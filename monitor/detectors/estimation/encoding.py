"""Features of a sample as one matrix of numbers, the same columns for every sample."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitor.core.spec import FeatureType, ModelSpec
from monitor.core.windows import Sample

Floats = npt.NDArray[np.float64]

_CATEGORIES = 30
"""The most frequent categories have a code of their own; all others share one."""
_DAY, _WEEK = 86_400.0, 604_800.0


@dataclass(frozen=True, slots=True)
class Encoding:
    """Which columns there are, learned from a reference.

    Numbers stay; a category is its rank by frequency, others and unseen ones share the next. Times
    become seconds of the day and of the week: that time moves on is no shift. Missing values, and
    features that a sample lacks, are NaN.
    """

    numbers: tuple[str, ...]
    times: tuple[str, ...]
    codes: Mapping[str, Mapping[object, float]]

    @classmethod
    def of(cls, spec: ModelSpec, reference: Sample) -> "Encoding":
        """The columns of a reference."""
        timed = {n for n, f in spec.features.items() if f.type is FeatureType.TIMESTAMP}
        names = sorted(reference.numbers)
        codes = {name: _codes(values) for name, values in sorted(reference.labels.items())}
        return cls(
            tuple(n for n in names if n not in timed), tuple(n for n in names if n in timed), codes
        )

    @property
    def categorical(self) -> list[bool]:
        """Which columns hold codes."""
        return [False] * (len(self.numbers) + 2 * len(self.times)) + [True] * len(self.codes)

    @property
    def names(self) -> list[str]:
        """What each column holds."""
        times = [f"{n} ({of})" for n in self.times for of in ("time of day", "time of week")]
        return [*self.numbers, *times, *self.codes]

    @property
    def columns(self) -> int:
        """How many columns there are."""
        return len(self.categorical)

    def matrix(self, sample: Sample) -> Floats:
        """The features of each row, shape (rows, columns); infinite numbers are missing."""
        absent = np.full(sample.rows, np.nan)
        parts = [np.asarray(sample.numbers.get(n, absent), np.float64) for n in self.numbers]
        for name in self.times:
            seconds = np.asarray(sample.numbers.get(name, absent), np.float64)
            parts += [np.mod(seconds, _DAY), np.mod(seconds, _WEEK)]
        for name, codes in self.codes.items():
            values = sample.labels.get(name)
            parts.append(absent if values is None else _coded(values, codes))
        if not parts:
            return np.empty((sample.rows, 0))
        found = np.column_stack(parts)
        found[np.isinf(found)] = np.nan
        return found


def _codes(values: npt.NDArray[np.object_]) -> Mapping[object, float]:
    counts = Counter(v for v in values.tolist() if v is not None)
    frequent = sorted(counts, key=lambda v: (-counts[v], str(v)))[:_CATEGORIES]
    return {value: float(code) for code, value in enumerate(frequent)} | {None: np.nan}


def _coded(values: npt.NDArray[np.object_], codes: Mapping[object, float]) -> Floats:
    other = float(len(codes) - 1)
    return np.array([codes.get(value, other) for value in values.tolist()], np.float64)
