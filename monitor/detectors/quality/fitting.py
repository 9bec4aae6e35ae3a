"""Whether a window's values are those of another feature, or of another unit."""

from dataclasses import dataclass

import numpy as np
from scipy.special import kolmogorov

from monitor.core.profile import Profile

_OFF, _SPREAD = 0.25, 1.5
"""Deviations that the mean may be off, and how much wider or narrower the values may lie."""
_FEWEST = 20


@dataclass(frozen=True, slots=True)
class Unit:
    """A change that people make to all values: new = scale * old + shift."""

    name: str
    scale: float
    shift: float = 0.0


UNITS = (
    Unit("times 1000", 1000.0),
    Unit("times 100", 100.0),
    Unit("divided by 100", 0.01),
    Unit("divided by 1000", 0.001),
    Unit("times 1,000,000", 1e6),
    Unit("divided by 1,000,000", 1e-6),
    Unit("times 60", 60.0),
    Unit("divided by 60", 1 / 60),
    Unit("°C to °F", 1.8, 32.0),
    Unit("°F to °C", 1 / 1.8, -32 / 1.8),
    Unit("kg to lb", 2.20462),
    Unit("lb to kg", 1 / 2.20462),
    Unit("in to cm", 2.54),
    Unit("cm to in", 1 / 2.54),
)
"""Kilo and milli, cents and percent, minutes and seconds, and what differs between countries."""


def moved(known: Profile, now: Profile) -> tuple[float, float]:
    """Largest gap between the distributions before and now, and its p-value.

    Value    0 to 1; 0 where a side has under 20 values or they were not counted in the same bins.
    Noise    n and m values of one distribution give about .87 sqrt(1/n + 1/m).
    Source   N. Smirnov, Ann. Math. Statist. 19 (1948) 279.
    """
    if known.bins is not None and len(known.counts) == len(now.counts):
        before, after = known.counts, now.counts
    else:
        names = sorted({*known.categories, *now.categories})
        before = np.array([known.categories.get(n, 0) for n in names], np.int64)
        after = np.array([now.categories.get(n, 0) for n in names], np.int64)
    n, m = int(before.sum()), int(after.sum())
    if min(n, m) < _FEWEST:
        return 0.0, 1.0
    gap = float(np.max(np.abs(np.cumsum(before) / n - np.cumsum(after) / m)))
    return gap, float(kolmogorov(gap * np.sqrt(n * m / (n + m))))


def fits(known: Profile, now: Profile, unit: Unit | None = None, off: float = _OFF) -> bool:
    """Whether numbers look like those of a reference after a change of unit.

    Mean and width have to agree, and no value may lie a width of the reference past its ends.
    """
    unit = unit or Unit("", 1.0)
    width = unit.scale * known.deviation
    if min(known.finite, now.finite) < _FEWEST or not width > 0:
        return False
    least = unit.scale * known.minimum + unit.shift
    most = unit.scale * known.maximum + unit.shift
    reach = most - least
    if now.minimum < least - reach or now.maximum > most + reach:
        return False
    noise = 3 / np.sqrt(min(now.finite, known.finite))
    near = abs(now.mean - unit.scale * known.mean - unit.shift) <= (off + noise) * width
    return bool(near and 1 / _SPREAD <= now.deviation / width <= _SPREAD)


def unit_change(known: Profile, now: Profile) -> Unit | None:
    """The change of unit that explains the window's numbers best; None where none does."""
    found = [unit for unit in UNITS if fits(known, now, unit)]
    return min(found, key=lambda unit: _miss(known, now, unit)) if found else None


def _miss(known: Profile, now: Profile, unit: Unit) -> float:
    width = unit.scale * known.deviation
    off = abs(now.mean - unit.scale * known.mean - unit.shift) / width
    return float(off + abs(np.log(now.deviation / width)))
