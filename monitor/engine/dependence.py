"""How far rows that follow each other depend on each other, and so how many of them count.

Tests take rows for independent. Where neighbours are alike, or all rows of a window share the mood
of the hour, n rows vary like fewer of them, and a test that knows nothing of it alarms for ever.
The reference shows how much of that is normal.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from monitor.core.profile import Profile, Profiles
from monitor.core.windows import Labels, Numbers, Sample

Stamps = npt.NDArray[np.int64]

_FEWEST = 100
"""Rows from which dependence is looked for."""
_FEWEST_WINDOWS = 50
"""Windows of the reference from which it is asked what they differ by."""
_ERRORS = 3.0
"""Standard errors that a pair of autocorrelations must reach to be no accident."""
_LAGS, _LAG_ERRORS = range(2, 15), 3.5
"""Windows between two whose means are compared, and what such a covariance must reach."""
_CLASSES = 5
"""The most frequent values of a category that are looked at."""


@dataclass(frozen=True, slots=True)
class Dependence:
    """The variance of a mean of n rows is `rows + n * windows` times that of independent rows.

    `rows` (1 and above) is what neighbours have in common, and `windows` (0 to 1) the share of the
    variance that all rows of a window share and others do not.
    """

    rows: float = 1.0
    windows: float = 0.0

    @property
    def some(self) -> bool:
        """Whether there is any."""
        return self.rows > 1.0 or self.windows > 0.0

    def share(self, n: int) -> float:
        """The share of n rows of a window that count.

        >>> Dependence(rows=3.0).share(300), round(Dependence(windows=0.04).share(100), 3)
        (0.3333333333333333, 0.2)
        """
        return min(1.0, 1.0 / (self.rows + n * self.windows))


def dependence(
    values: Numbers, stamps: Stamps, every: timedelta, rate: float = 1.0, *, cycles: bool = True
) -> Dependence:
    """What values, in order of their stamps (microseconds), show; ranks are looked at.

        rows = 1 + 2 * sum of r[k], r the autocorrelation of neighbours k = 1, 2, ... rows apart,
        summed over pairs of lags up to the first that could be an accident

        windows = the largest covariance of the means of two windows 2 to 14 apart, over the
        variance of the values; 0 where that could be an accident

    Without `cycles` the windows' own levels are left out: what a window is compared with has them.
    Where only a share `rate` of all rows is given, as drawn evenly, `rows` - 1 is that of these
    rows over the rate. Rows are taken to follow each other in traffic as in the reference.

    Noise    independent rows show none in 99 of 100 cases.
    Source   C. Geyer, Statist. Sci. 7 (1992) 473: the initial positive sequence. The variance of a
             mean with a part that windows share: S. Searle, Variance Components (1992), 3.
    """
    known = np.isfinite(values)
    x, stamps = values[known], stamps[known]
    if len(x) < _FEWEST:
        return Dependence()
    ranks = _ranks(x)
    places, held = np.unique(stamps // (every // timedelta(microseconds=1)), return_inverse=True)
    shared = _shared(ranks, places, held) if cycles else 0.0
    if shared > 0 or not cycles:
        ranks = ranks - (np.bincount(held, ranks) / np.bincount(held))[held]
    return Dependence(1.0 + _sum(ranks) / rate, shared)


@dataclass(frozen=True, slots=True)
class Dependences:
    """What the rows of a reference show, by feature, and of `prediction` and `score`."""

    features: Mapping[str, Dependence] = field(default_factory=dict)
    answers: Mapping[str, Dependence] = field(default_factory=dict)

    @classmethod
    def of(cls, sample: Sample, every: timedelta, *, cycles: bool = True) -> "Dependences":
        """Those of a sample of the reference, in order of time, for windows so long."""
        rate = min(1.0, sample.rows / sample.total) if sample.total else 1.0

        def shown(columns: Mapping[str, Numbers | Labels]) -> dict[str, Dependence]:
            found = {
                name: _of_column(column, sample.timestamps, every, rate, cycles)
                for name, column in columns.items()
            }
            return {name: d for name, d in found.items() if d.some}

        said = {"prediction": sample.prediction, "score": sample.score}
        return cls(
            shown({**sample.numbers, **sample.labels}),
            shown({name: column for name, column in said.items() if column is not None}),
        )

    def of_window(self, profiles: Profiles) -> Profiles:
        """The profiles of a window, each knowing which share of its rows count."""
        return self._weighed(profiles, lambda d, n: d.share(n))

    def of_reference(self, profiles: Profiles) -> Profiles:
        """The same of the reference, whose windows have evened out."""
        return self._weighed(profiles, lambda d, _: 1.0 / d.rows)

    def _weighed(self, profiles: Profiles, share: Callable[[Dependence, int], float]) -> Profiles:
        if not self.features and not self.answers:
            return profiles

        def weighed(profile: Profile | None, d: Dependence | None) -> Profile | None:
            if profile is None or d is None:
                return profile
            return replace(profile, independent=share(d, profile.finite))

        features = {
            name: weighed(profile, self.features.get(name)) or profile
            for name, profile in profiles.features.items()
        }
        return replace(
            profiles,
            features=features,
            prediction=weighed(profiles.prediction, self.answers.get("prediction")),
            score=weighed(profiles.score, self.answers.get("score")),
            segments={name: self._weighed(p, share) for name, p in profiles.segments.items()},
        )


def _of_column(
    column: Numbers | Labels, stamps: Stamps, every: timedelta, rate: float, cycles: bool
) -> Dependence:
    if column.dtype != object:
        return dependence(np.asarray(column, np.float64), stamps, every, rate, cycles=cycles)
    held = np.array([v is not None for v in column], bool)
    known = np.array([str(v) for v in column[held]], dtype=np.str_)
    names, counts = np.unique(known, return_counts=True)
    often = names[np.argsort(-counts)[:_CLASSES]]
    shown = [
        dependence((known == n).astype(np.float64), stamps[held], every, rate, cycles=cycles)
        for n in often
    ]
    return Dependence(
        max((s.rows for s in shown), default=1.0), max((s.windows for s in shown), default=0.0)
    )


def _shared(ranks: Numbers, places: Stamps, held: Stamps) -> float:
    """The share of the variance that windows share, from the covariance of their means."""
    span = int(places[-1] - places[0]) + 1
    variance = float(ranks.var())
    if len(places) < _FEWEST_WINDOWS or variance <= 0 or span > 100 * len(places):
        return 0.0
    means = np.full(span, np.nan)
    means[places - places[0]] = np.bincount(held, ranks) / np.bincount(held) - ranks.mean()
    found = 0.0
    for lag in _LAGS:
        products = means[:-lag] * means[lag:] if span > lag else means[:0]
        products = products[np.isfinite(products)]
        if len(products) < _FEWEST_WINDOWS:
            continue
        covariance = float(products.mean())
        if covariance > _LAG_ERRORS * float(products.std()) / np.sqrt(len(products)):
            found = max(found, covariance)
    return min(1.0, found / variance)


def _sum(x: Numbers) -> float:
    """Twice the sum of the autocorrelations that are no accident."""
    r = _autocorrelations(x)
    pairs = r[: len(r) - len(r) % 2].reshape(-1, 2).sum(axis=1)
    positive = pairs > _ERRORS * np.sqrt(2 / len(x))
    held = len(pairs) if positive.all() else int(np.argmin(positive))
    return 2.0 * float(pairs[:held].sum())


def _ranks(x: Numbers) -> Numbers:
    """Ranks from 0, ties in their middle: one outlier is not to hide what all others do."""
    _, places, counts = np.unique(x, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts + 1) / 2)[places], np.float64)


def _autocorrelations(x: Numbers) -> Numbers:
    """Those at lags 1 to n/4, by the fast Fourier transform; zeros for a constant."""
    n = len(x)
    off = x - x.mean()
    size = 1 << (2 * n - 1).bit_length()
    products = np.fft.irfft(np.abs(np.fft.rfft(off, size)) ** 2, size)[: n // 4 + 1]
    if products[0] <= 0:
        return np.zeros(n // 4)
    return np.asarray(products[1:] / products[0], np.float64)
