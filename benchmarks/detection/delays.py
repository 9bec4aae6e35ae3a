"""Prints how fast and how falsely the streaming detectors alarm, at a run length of 10,000 events.

    python benchmarks/detection/delays.py [--seeds 60] [--methods mixture,conformal]

Streams change after 5,000 events and end 5,000 later. A cell is the mean delay in events, and in
brackets the share of streams without an alarm, whose delay counts as 5,000. Then false alarms per
10,000 unchanged events, and events a second. Exits 1 if a bound of the default detectors is missed.
"""

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from monitor.detectors.streaming.guarded import Guarded
from monitor.detectors.streaming.table import STREAMING

# ruff: noqa: T201 - a measurement prints

Floats = npt.NDArray[np.float64]
Drawn = Callable[[np.random.Generator, int], Floats]
HALF = 5_000
RUN_LENGTH = 10_000.0
BOUNDS = {
    ("mixture, known", "error .1 to .3"): 45.0,
    ("mixture", "error .1 to .3"): 60.0,
    ("mixture, known", "error .2 to .25"): 420.0,
}


@dataclass(frozen=True)
class Stream:
    """What comes before and after the change, and the true mean before it."""

    before: Drawn
    after: Drawn
    mean: float
    bounded: bool


def errors(rate: float) -> Drawn:
    """Independent 0/1 errors."""
    return lambda rng, n: np.asarray(rng.random(n) < rate, np.float64)


def rising_errors(rng: np.random.Generator, n: int) -> Floats:
    """Errors whose rate rises evenly from .1 to .3 over 2,000 events."""
    rate = np.minimum(0.3, 0.1 + 0.2 * np.arange(n) / 2_000)
    return np.asarray(rng.random(n) < rate, np.float64)


def normal(mean: float, deviation: float) -> Drawn:
    """Independent normal values."""
    return lambda rng, n: rng.normal(mean, deviation, n)


def heavy(rng: np.random.Generator, n: int) -> Floats:
    """Independent values of Student's t with 3 degrees of freedom."""
    return rng.standard_t(3, n)


def dependent(rng: np.random.Generator, n: int) -> Floats:
    """AR(1) with coefficient .5 and variance 1."""
    return np.asarray(lfilter([0.75**0.5], [1, -0.5], rng.normal(size=n + 100))[100:], np.float64)


def moved_dependent(rng: np.random.Generator, n: int) -> Floats:
    """The same, half a standard deviation higher."""
    return dependent(rng, n) + 0.5


def dependent_errors(rng: np.random.Generator, n: int) -> Floats:
    """Errors at rate .2 that follow a hidden AR(1)."""
    return np.asarray(dependent(rng, n) > 0.8416, np.float64)


def more_dependent_errors(rng: np.random.Generator, n: int) -> Floats:
    """The same at rate .4."""
    return np.asarray(dependent(rng, n) > 0.2533, np.float64)


STREAMS: Mapping[str, Stream] = {
    "error .1 to .3": Stream(errors(0.1), errors(0.3), 0.1, True),
    "gradual": Stream(errors(0.1), rising_errors, 0.1, True),
    "error .2 to .25": Stream(errors(0.2), errors(0.25), 0.2, True),
    "errors, AR(1)": Stream(dependent_errors, more_dependent_errors, 0.2, True),
    "mean +.5 sd": Stream(normal(0, 1), normal(0.5, 1), 0.0, False),
    "sd 1 to 1.5": Stream(normal(0, 1), normal(0, 1.5), 0.0, False),
    "t3, twice as wide": Stream(heavy, lambda rng, n: 2 * heavy(rng, n), 0.0, False),
    "AR(1) +.5 sd": Stream(dependent, moved_dependent, 0.0, False),
}


@dataclass
class Cell:
    """Delays of one detector on one kind of stream, and false alarms before the change."""

    delays: list[int]
    false: int

    @property
    def mean(self) -> float:
        """Mean delay in events."""
        return float(np.mean(self.delays))

    @property
    def false_alarms(self) -> float:
        """False alarms per 10,000 events."""
        return self.false / len(self.delays) / HALF * 10_000

    def __str__(self) -> str:
        missed = float(np.mean([delay == HALF for delay in self.delays]))
        return f"{self.mean:.0f}" + (f" ({missed:.0%})" if missed else "")


def measured(made: Callable[[Stream], Guarded], stream: Stream, seeds: int) -> Cell:
    """Run one detector over streams of one kind."""
    cell = Cell([], 0)
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        values = np.concatenate([stream.before(rng, HALF), stream.after(rng, HALF)])
        found = [alarm.index for alarm in made(stream).update_many(values)]
        cell.false += sum(index < HALF for index in found)
        cell.delays.append(min((i - HALF + 1 for i in found if i >= HALF), default=HALF))
    return cell


def _starting(kind: type[Guarded], _: Stream) -> Guarded:
    return kind(RUN_LENGTH)


def _knowing(kind: type[Guarded], stream: Stream) -> Guarded:
    return kind(RUN_LENGTH, stream.mean)


def detectors(methods: list[str]) -> dict[str, Callable[[Stream], Guarded]]:
    """What makes each detector for a stream."""
    made: dict[str, Callable[[Stream], Guarded]] = {}
    for method in methods:
        made[method] = partial(_starting, STREAMING[method])
        if method == "mixture":
            made["mixture, known"] = partial(_knowing, STREAMING[method])
    return made


def speed(made: Callable[[Stream], Guarded]) -> float:
    """Events a second, in batches of 1,000."""
    stream = STREAMS["error .1 to .3"]
    values = stream.before(np.random.default_rng(0), 200_000)
    detector = made(stream)
    start = time.perf_counter()
    for first in range(0, len(values), 1_000):
        detector.update_many(values[first : first + 1_000])
    return len(values) / (time.perf_counter() - start)


def main() -> None:
    """Print both tables; exit 1 if a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=60)
    parser.add_argument("--methods", default=",".join(STREAMING))
    given = parser.parse_args()
    missed = []
    for name, made in detectors(given.methods.split(",")).items():
        print(f"\n{name}: {speed(made):,.0f} events/s")
        for kind, stream in STREAMS.items():
            if not stream.bounded and name != "conformal":
                continue
            cell = measured(made, stream, given.seeds)
            print(
                f"  {kind:<18} delay {cell!s:<12} false alarms {cell.false_alarms:.2f}", flush=True
            )
            bound = BOUNDS.get((name, kind), np.inf)
            if cell.mean > bound:
                missed.append(f"{name}, {kind}: delay {cell.mean:.0f}, at most {bound:.0f}")
            if name.partition(",")[0] in {"mixture", "conformal"} and cell.false_alarms > 1:
                missed.append(f"{name}, {kind}: {cell.false_alarms:.2f} false alarms")
    print("\n".join(["", *missed]))
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
