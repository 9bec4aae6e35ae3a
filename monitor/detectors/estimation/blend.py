"""Which estimators count how much, and how far off the mix of them is, by strength of the shift."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from monitor.detectors.estimation.encoding import Floats

LEAST_DOUBT = 0.4**2
"""A correction is doubted by two fifths of itself at least."""
_SUM = 1e3
"""Weight of the demand that shares add up to 1."""
_PRIOR = 0.1
"""Weight, per trial, of the shares that are assumed before any trial."""
_WORTH = 0.02
"""Between knots a share fades out below this."""
_LEAST = 0.1
"""A smaller share is not worth its time, and is left out."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A shifted resample: its strength, the rows' effective share, and errors by KPI.

    `errors` are estimated minus realized, by KPI one for each method; `variance` is what the labels
    alone do to them; `correction` how far features moved the estimate from what is believed
    without them.
    """

    strength: int
    kept: float
    errors: Mapping[str, Sequence[float]]
    variance: Mapping[str, float]
    correction: Mapping[str, float]


def shares(errors: Floats, prior: Floats) -> Floats:
    """Shares of methods, at least 0 and adding up to 1, with the least mean square of the mix.

    `errors` has shape (trials, methods); the prior weighs as a tenth of a trial each.

    >>> shares(np.array([[1.0, 0.0], [-1.0, 0.0]] * 50), np.array([0.5, 0.5])).round(1).tolist()
    [0.0, 1.0]
    """
    size = (float(np.sqrt(np.mean(errors**2))) if errors.size else 0.0) or 1.0
    held = np.sqrt(_PRIOR * max(1, len(errors)))
    methods = errors.shape[1]
    left = np.concatenate([errors / size, held * np.eye(methods), np.full((1, methods), _SUM)])
    right = np.concatenate([np.zeros(len(errors)), held * prior, [_SUM]])
    found, _ = nnls(left, right)
    found = np.where(found < _LEAST, 0.0, found)
    return np.asarray(found / found.sum(), np.float64)


def place(kept: float) -> float:
    """How strong a shift is: 0 where all rows keep their weight, rising without end."""
    return -float(np.log(max(kept, 1e-4)))


@dataclass(frozen=True, slots=True)
class Blend:
    """Shares of methods and the variance of their mix, at knots of growing shift.

    `knots` (shape (knots,)) are places; `mixes` are by guide, shape (knots, methods); `variances`
    by KPI, shape (knots,): squared errors beyond what labels explain, which never shrink as shifts
    grow. `doubts` by KPI is the variance that comes with each squared unit of a correction: whoever
    corrects much may be wrong by some of it, also where no trial went.

    A guide is the KPI whose errors chose the shares for all that follow it.
    """

    methods: Sequence[str]
    guides: Mapping[str, Sequence[str]]
    knots: Floats
    mixes: Mapping[str, Floats]
    variances: Mapping[str, Floats]
    doubts: Mapping[str, float]

    @classmethod
    def of(
        cls,
        methods: Sequence[str],
        trials: Sequence[Trial],
        guides: Mapping[str, Sequence[str]],
        prior: Floats,
    ) -> "Blend":
        """From trials; `guides` has the KPIs that follow each guide, itself among them."""
        strengths = sorted({t.strength for t in trials})
        groups = [[t for t in trials if t.strength == s] for s in strengths]
        knots = np.maximum.accumulate([np.mean([place(t.kept) for t in g]) for g in groups])
        mixes, variances, doubts = {}, {}, {}
        for guide, names in guides.items():
            mix = np.array([shares(_errors(group, guide, len(prior)), prior) for group in groups])
            mixes[guide] = mix
            for name in names:
                variances[name] = np.maximum.accumulate(
                    [_beyond(group, name, row) for group, row in zip(groups, mix, strict=True)]
                )
                doubts[name] = _doubt(groups, name, mix)
        apart = knots + np.arange(len(groups)) * 1e-9
        return cls(methods, guides, apart, mixes, variances, doubts)

    def at(self, guide: str, kept: float) -> Mapping[str, float]:
        """The share of each method that counts for the KPIs of a guide."""
        found = {
            name: float(np.interp(place(kept), self.knots, self.mixes[guide][:, i]))
            for i, name in enumerate(self.methods)
        }
        worth = {name: share for name, share in found.items() if share > _WORTH}
        return {name: share / sum(worth.values()) for name, share in worth.items()}

    def variance(self, name: str, kept: float, correction: float) -> float:
        """Variance of a KPI's estimate beyond the labels'; past the last knot it grows on."""
        values, where = self.variances.get(name, np.zeros(len(self.knots))), place(kept)
        inside = float(np.interp(where, self.knots, values))
        farther = max(0.0, where - float(self.knots[-1]))
        beyond = float(values[-1]) * farther / max(float(self.knots[-1]), 0.1)
        return inside + beyond + self.doubts.get(name, LEAST_DOUBT) * correction**2


def _errors(group: Sequence[Trial], guide: str, methods: int) -> Floats:
    """Errors of the guide, shape (trials, methods)."""
    found = [t.errors[guide] for t in group if guide in t.errors]
    return np.array(found, np.float64).reshape(len(found), methods)


def _beyond(group: Sequence[Trial], name: str, mix: Floats) -> float:
    squares = [
        float(np.asarray(t.errors[name]) @ mix) ** 2 - t.variance[name]
        for t in group
        if name in t.errors
    ]
    return max(0.0, float(np.mean(squares))) if squares else 0.0


def _doubt(groups: Sequence[Sequence[Trial]], name: str, mix: Floats) -> float:
    """Least squares of what labels do not explain on the squared corrections, 1 at most."""
    above = below = 0.0
    for group, row in zip(groups, mix, strict=True):
        for t in (t for t in group if name in t.errors):
            square = t.correction[name] ** 2
            above += (float(np.asarray(t.errors[name]) @ row) ** 2 - t.variance[name]) * square
            below += square**2
    return float(np.clip(above / below, LEAST_DOUBT, 1.0)) if below > 0 else LEAST_DOUBT
