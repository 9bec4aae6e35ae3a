"""How many actuals should be in by now, from how long those of older predictions took."""

from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from monitor.detectors.performance.estimates import Z

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Share:
    """A share of predictions with its 95 % interval."""

    value: float
    low: float
    high: float
    error: float


@dataclass(frozen=True, slots=True)
class ArrivalCurve:
    """The share of predictions whose actual has come, by age.

        1 - product over delays d <= age of (1 - came(d) / still waiting just before d)

    Predictions without an actual so far count as long as they have waited, and no longer: young
    ones do not make actuals look late. `ages` (seconds, ascending), `waiting` (share without an
    actual) and `variances` (Greenwood's sum) have shape (delays,).

    Source   E. Kaplan, P. Meier, J. Am. Statist. Assoc. 53 (1958) 457; interval on log(-log).
    """

    ages: Floats
    waiting: Floats
    variances: Floats

    @classmethod
    def of(cls, delays: Floats, unlabelled: Floats) -> "ArrivalCurve":
        """From the delays of actuals that came and the ages of predictions without, in seconds.

        A delay below 0 (the actual was known before) counts as 0; what is not finite is left out.

        >>> curve = ArrivalCurve.of(np.array([1.0, 2.0, 2.0]), np.array([1.5, 9.0]))
        >>> [round(curve.share(age).value, 3) for age in (0.5, 1.0, 5.0)]
        [0.0, 0.2, 0.733]
        """
        delays = np.maximum(0.0, delays[np.isfinite(delays)])
        rest = np.maximum(0.0, unlabelled[np.isfinite(unlabelled)])
        ages, came = np.unique(delays, return_counts=True)
        every = np.sort(np.concatenate([delays, rest]))
        risk = len(every) - np.searchsorted(every, ages, side="left")
        left = 1 - came / risk
        with np.errstate(divide="ignore"):
            terms = np.where(risk > came, came / (risk * (risk - came)), 0.0)
        return cls(
            ages, np.asarray(np.cumprod(left), np.float64), np.asarray(np.cumsum(terms), np.float64)
        )

    def share(self, age: float) -> Share:
        """The share of actuals that are in at an age in seconds; 0 before the first delay."""
        place = int(np.searchsorted(self.ages, age, side="right")) - 1
        if place < 0:
            return Share(0.0, 0.0, 0.0, 0.0)
        waiting, variance = float(self.waiting[place]), float(self.variances[place])
        if waiting <= 0 or waiting >= 1:
            return Share(1 - waiting, 1 - waiting, 1 - waiting, 0.0)
        wide = Z * sqrt(variance) / abs(log(waiting))
        low, high = waiting ** exp(wide), waiting ** exp(-wide)
        return Share(1 - waiting, 1 - high, 1 - low, waiting * sqrt(variance))

    def expected(self, ages: Floats) -> Share | None:
        """The share of a window's predictions that should have an actual, by their ages.

        The interval is what so many predictions may show by chance, and what the curve may be off.
        None without predictions or without a delay to learn from.
        """
        if not len(ages) or not len(self.ages):
            return None
        distinct, counts = np.unique(ages, return_counts=True)
        shares = [self.share(float(age)) for age in distinct]
        weight = counts / counts.sum()
        values = np.array([s.value for s in shares])
        value = float(weight @ values)
        drawn = float(weight @ (values * (1 - values))) / len(ages)
        curve = float(weight @ np.array([s.error for s in shares]))
        error = sqrt(drawn + curve * curve)
        return Share(value, max(0.0, value - Z * error), min(1.0, value + Z * error), error)


def stopped(labelled: int, rows: int, due: Share) -> float:
    """Chance of so few actuals among so many predictions if they came as they used to.

    >>> round(stopped(80, 100, Share(0.9, 0.8, 1.0, 0.05)), 3)
    0.023
    """
    short = due.value - labelled / rows
    if due.error <= 0:
        return 0.5 if short <= 0 else 0.0
    return float(norm.sf(short / due.error))
