"""Traffic that vanished or doubled, for this hour of this day of the week."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy.stats import nbinom, norm

from monitor.core.detector import TrafficDetector
from monitor.core.findings import Measurement
from monitor.core.spec import ModelSpec
from monitor.core.windows import Traffic

FEWEST = 20
"""Windows from which anything can be said."""
_PERIODS = ((timedelta(days=7), 3), (timedelta(days=1), 7))
"""What traffic repeats after, and how often it must have done so before that is relied on."""
_NEWEST = 8
"""Windows of the same hour that are looked at: older ones say little of now."""
_LEAST = 0.01
"""Variance that relative counts have at least beyond that of chance: 10 % is never news."""

Counts = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Volume(TrafficDetector):
    """How far the rows of a window are from those of the windows before it.

        fell = 1 - rows / expected        rose = rows / expected - 1

    Expected is the median of the last 8 windows at the same hour of the week, after 3 weeks; else
    of the same hour of the day, after 7 days, so that a weekend is among them; else of the last 20.

    Value    share of the expected rows, fell at most 1 (nothing came); worse above.
    Needs    20 windows before, empty ones counted; one row expected.
    Noise    the p-value is the larger of that of the negative binomial distribution, whose variance
             is e + d e^2 with e expected, and of a lognormal one as wide; d is how far the windows
             before were off, beyond chance.
    Source   J. M. Hilbe, Negative Binomial Regression (2011), NB2; definition of the medians.
    """

    name: ClassVar[str] = "quality.volume"

    def measure(
        self, spec: ModelSpec, history: Sequence[Traffic], current: Traffic
    ) -> Iterable[Measurement]:
        """One measurement a method."""
        every = current.window.end - current.window.start
        before = np.array([t.rows for t in history], np.float64)
        if len(before) < FEWEST:
            return
        period, times = _period(len(before), every)
        same = before[-period::-period][:times]
        expected = float(np.median(same))
        if expected < 1:
            return
        spread = max(_LEAST, _spread(before, period, times) * (1 + np.pi / 2 / len(same)))
        low, high = _tails(current.rows, expected, spread)
        evidence = {"rows": current.rows, "expected": expected, "windows": len(same)}
        for method, value, p_value in (
            ("fell", 1 - current.rows / expected, low),
            ("rose", current.rows / expected - 1, high),
        ):
            yield Measurement(method, value, expected=0.0, p_value=p_value, evidence=evidence)


def _period(windows: int, every: timedelta) -> tuple[int, int]:
    """What traffic repeats after, in windows, and how many of its times are looked at."""
    for period, fewest in _PERIODS:
        length = period // every
        if period % every == timedelta() and length > 1 and windows >= fewest * length:
            return length, _NEWEST
    return 1, FEWEST


def _spread(before: Counts, period: int, times: int) -> float:
    """Variance of the counts relative to their medians, beyond that of chance (Poisson's).

    From quantiles, so that a few windows in which something was wrong do not hide the next.
    """
    times = min(times, len(before) // period)
    held = before[-times * period :].reshape(times, period)
    middle = np.median(held, axis=0)
    held, middle = held[:, middle >= 1], middle[middle >= 1]
    if times < 2 or not held.size:
        return 1.0
    far = np.abs(held - middle) / middle * np.sqrt(times / (times - 1))
    robust = max(float(np.quantile(far, q)) / z for q, z in ((0.8, 1.2816), (0.95, 1.96)))
    return max(0.0, robust * robust - float(np.mean(1 / middle)))


def _tails(rows: int, expected: float, spread: float) -> tuple[float, float]:
    """Chance of so few rows or fewer, and of so many or more: the larger of two distributions."""
    size = 1 / spread
    binomial = nbinom(size, size / (size + expected))
    off = np.log((rows + 0.5) / (expected + 0.5)) / np.sqrt(np.log1p(spread + 1 / expected))
    return (
        max(float(binomial.cdf(rows)), float(norm.cdf(off))),
        max(float(binomial.sf(rows - 1)), float(norm.sf(off))),
    )
