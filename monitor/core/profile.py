"""What a feature looked like over a span: counts that merge by addition.

Profiles of two spans that share no row add up to the profile of both, so any window is a merge of
small spans and never a scan. Numbers are counted in bins that the reference has fixed.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from monitor.core.spec import FeatureType
from monitor.core.windows import Numbers

Counts = npt.NDArray[np.int64]

INNER_BINS = 256
"""Quantile bins: a difference of distribution functions is right to within 1/256."""


@dataclass(frozen=True, slots=True)
class Bins:
    """Bins of numbers: edges e1 < ... < ek make k + 1 bins, x in bin i where e_i <= x < e_{i+1}.

    The outer bins are open, so every finite number has a bin.
    """

    edges: Numbers

    @classmethod
    def of(cls, values: Numbers, inner: int = INNER_BINS) -> "Bins":
        """Bins from finite reference values, shape (n,).

        At most `inner` distinct values get a bin each; more are cut at quantiles, with the
        observed ends as edges of their own, so that what lies outside the reference shows.
        No value gives a single open bin.
        """
        if not len(values):
            return cls(np.empty(0))
        ordered = np.sort(values)  # once for all: five times as fast as unique and quantile
        distinct = ordered[np.append(True, ordered[1:] != ordered[:-1])]
        if len(distinct) > inner:
            places = (
                len(ordered) * (shares := np.linspace(0, 1, inner + 1)[1:-1]) + (1 - shares) - 1
            )
            cuts = ordered[np.floor(places).astype(np.int64)]  # the next lower value
            distinct = np.unique(np.concatenate([distinct[:1], cuts]))
        top = np.nextafter(ordered[-1], np.inf)
        return cls(np.unique(np.append(distinct, top)) if np.isfinite(top) else distinct)

    @classmethod
    def from_edges(cls, edges: Sequence[float]) -> "Bins":
        """The bins with these edges, ascending."""
        return cls(np.asarray(edges, np.float64))

    def __len__(self) -> int:
        return len(self.edges) + 1

    def place(self, values: Numbers) -> npt.NDArray[np.int64]:
        """The bin of each finite value, shape (n,)."""
        return np.searchsorted(self.edges, values, side="right").astype(np.int64)


UNIT_BINS = Bins(np.linspace(0, 1, 257))
"""Of scores: shares from 0 to 1."""
LATENCY_BINS = Bins(np.logspace(-2, 6, 256))
"""Of latencies in milliseconds: steps of 7.5 %, from 10 microseconds to 17 minutes."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Counts of one feature over a span.

    `rows` = all rows; `missing` of them are null (or were not sent: `absent`); `nonfinite` are NaN
    or infinite; `misfits` did not fit the type, and are missing too unless they could be read;
    `below` and `above` are finite but outside the bounds of the spec.
    Numbers, booleans, timestamps: `minimum`, `maximum`, `total`, `squares` over finite values,
    `counts` in `bins` where those are fixed. Categories and booleans: `categories`, a count each.
    `independent` is the share of the rows that tests may count: 1 where rows do not depend on each
    other.
    """

    type: FeatureType
    rows: int = 0
    absent: int = 0
    missing: int = 0
    nonfinite: int = 0
    misfits: int = 0
    below: int = 0
    above: int = 0
    minimum: float = np.inf
    maximum: float = -np.inf
    total: float = 0.0
    squares: float = 0.0
    bins: Bins | None = None
    counts: Counts = field(default_factory=lambda: np.empty(0, np.int64))
    categories: Mapping[str, int] = field(default_factory=dict)
    independent: float = 1.0

    def thinned(self) -> "Profile":
        """The same distribution in as many rows as are independent: `counts` and `categories`."""
        if self.independent >= 1.0:
            return self
        cells = _thinned(np.array(list(self.categories.values()), np.int64), self.independent)
        return replace(
            self,
            counts=_thinned(self.counts, self.independent),
            categories=dict(zip(self.categories, cells.tolist(), strict=True)),
        )

    def __add__(self, other: Self) -> "Profile":
        """The profile of both spans, which share no row and were counted in the same bins."""
        return Profile(
            self.type,
            self.rows + other.rows,
            self.absent + other.absent,
            self.missing + other.missing,
            self.nonfinite + other.nonfinite,
            self.misfits + other.misfits,
            self.below + other.below,
            self.above + other.above,
            min(self.minimum, other.minimum),
            max(self.maximum, other.maximum),
            self.total + other.total,
            self.squares + other.squares,
            self.bins,
            self.counts + other.counts,
            dict(Counter(self.categories) + Counter(other.categories)),
        )

    @property
    def finite(self) -> int:
        """Rows that hold a value one can compute with or count as a category."""
        return self.rows - self.missing - self.nonfinite

    @property
    def mean(self) -> float:
        """Mean of the finite values; NaN if there are none."""
        return self.total / self.finite if self.finite else np.nan

    @property
    def deviation(self) -> float:
        """Standard deviation of the finite values (n - 1); NaN below two."""
        n = self.finite
        if n < 2:
            return np.nan
        return float(np.sqrt(max(0.0, self.squares - self.total * self.total / n) / (n - 1)))

    def quantile(self, share: float) -> float:
        """The value below which a share (0 to 1) of the finite rows lies, to within its bin.

        Linear inside the bin, the outer bins end at minimum and maximum. NaN without counts.
        """
        seen = int(self.counts.sum()) if len(self.counts) else 0
        if not seen or self.bins is None:
            return np.nan
        below = np.concatenate([[0], np.cumsum(self.counts)])
        place = min(int(np.searchsorted(below, share * seen, side="left")), len(self.counts))
        place = max(place, 1)
        edges = np.clip(
            np.concatenate([[self.minimum], self.bins.edges, [self.maximum]]),
            self.minimum,
            self.maximum,
        )
        inside = (share * seen - below[place - 1]) / max(1, self.counts[place - 1])
        low, high = edges[place - 1], edges[place]
        return float(low + (high - low) * min(1.0, max(0.0, inside)))


def _thinned(counts: Counts, share: float) -> Counts:
    """Counts times a share, rounded so that their sums are right to within half a row."""
    return np.diff(np.round(np.cumsum(counts) * share), prepend=0).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Profiles:
    """Every profile of a span: the features by name, and what the model answered.

    `prediction` is a category (the label) or a number (regression); `score` the probability of the
    positive class; `latency` is in milliseconds. `beyond` rows hold more features than a model can
    have: those are kept, and not counted among the features. `segments` are the profiles of the
    rows that share a value, by the name of the segment.
    """

    rows: int = 0
    features: Mapping[str, Profile] = field(default_factory=dict)
    prediction: Profile | None = None
    score: Profile | None = None
    latency: Profile | None = None
    beyond: int = 0
    segments: Mapping[str, "Profiles"] = field(default_factory=dict)

    def __getitem__(self, feature: str) -> Profile:
        return self.features[feature]

    def __add__(self, other: Self) -> "Profiles":
        """The profiles of both spans, which share no row and were counted in the same bins."""
        return Profiles(
            self.rows + other.rows,
            _added(self.features, other.features),
            _sum(self.prediction, other.prediction),
            _sum(self.score, other.score),
            _sum(self.latency, other.latency),
            self.beyond + other.beyond,
            {
                name: a + b if a is not None and b is not None else a or b or Profiles()
                for name in {**self.segments, **other.segments}
                for a, b in [(self.segments.get(name), other.segments.get(name))]
            },
        )


def _sum(one: Profile | None, other: Profile | None) -> Profile | None:
    return one + other if one is not None and other is not None else one or other


def _added(one: Mapping[str, Profile], other: Mapping[str, Profile]) -> Mapping[str, Profile]:
    """Profiles by name, those of the same name added up."""
    found = {name: _sum(one.get(name), other.get(name)) for name in {**one, **other}}
    return {name: profile for name, profile in found.items() if profile is not None}
