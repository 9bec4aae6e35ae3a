"""Prints how far off estimates are where features shift, and whether only concepts count as such.

    OMP_NUM_THREADS=1 python benchmarks/estimation/shifts.py [--worlds 20] [--first 0]

Each world is a model that misses an interaction, fitted anew; its estimator learns 10,000 labelled
rows, and windows of 4,000 shift by so many standard deviations. First mean absolute errors against
what labels say, then how often the 95 % interval holds them, then windows in which concept drift
is claimed at a level of .01, by growing shift and by a turned concept. Exits 1 unless the
default is at most 1.1 times as far off as CBPE without a shift, .7 times from 1 up, coverage .90
to .99, silence in 95 of 100 shifted windows, 95 of 100 turned ones seen.
"""

import argparse
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from simulated import SPEC, World

from monitor.core.findings import Worse
from monitor.core.windows import Sample
from monitor.detectors.estimation.classes import ClassEstimator, Estimated
from monitor.detectors.estimation.concept import chance, gaps
from monitor.detectors.estimation.methods import CBPE, METHODS
from monitor.detectors.performance.realized import estimates

# ruff: noqa: T201 - a measurement prints

SHIFTS = (0.0, 0.5, 1.0, 1.5, 2.0)
STRONG = 1.0
CLAIMED = (0.0, 0.5, 1.0)
KPIS = ("accuracy", "roc_auc", "f1", "brier", "log_loss")
WATCHED = {"accuracy": Worse.BELOW, "roc_auc": Worse.BELOW, "brier": Worse.ABOVE}
LEVEL = 0.01
TURNED = 0.6
WINDOWS = 5
BLEND = "blend"


@dataclass
class Tally:
    """Errors by KPI, method and shift; intervals that held; claims by shift, and by the concept."""

    errors: dict[tuple[str, str, float], list[float]] = field(
        default_factory=lambda: defaultdict(list)
    )
    held: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    claims: dict[float, list[bool]] = field(default_factory=lambda: defaultdict(list))
    seen: list[bool] = field(default_factory=list)

    def error(self, kpi: str, method: str, shift: float) -> float:
        """Mean absolute error."""
        return float(np.mean(self.errors[kpi, method, shift]))


def estimated(estimator: ClassEstimator, window: Sample, method: str | None) -> Estimated:
    """The estimates; a refusal ends the run."""
    found = estimator.estimate(window, method)
    if not isinstance(found, Estimated):
        raise SystemExit(found.reason)
    return found


def add(tally: Tally, world: World, estimator: ClassEstimator, seed: int) -> None:
    """One window of each shift, and one with the concept turned."""
    for shift in SHIFTS:
        window = world.sample(4_000, shift, seed)
        realized = estimates(SPEC, window)
        for method in (None, *METHODS):
            found = estimated(estimator, window, method).kpis
            for kpi in KPIS:
                off = abs(found[kpi].value - realized[kpi].value)
                tally.errors[kpi, method or BLEND, shift].append(off)
            if method is None:
                for kpi, e in found.items():
                    tally.held[kpi].append(e.low <= realized[kpi].value <= e.high)
                if shift in CLAIMED:
                    claim = chance(gaps(realized, found, WATCHED)) < LEVEL
                    tally.claims[shift].append(claim)
    turned = world.sample(4_000, 0.0, seed, TURNED)
    found = estimated(estimator, turned, None).kpis
    tally.seen.append(chance(gaps(estimates(SPEC, turned), found, WATCHED)) < LEVEL)


def missed(tally: Tally) -> list[str]:
    """The bounds that were not kept."""
    found = []
    for kpi in ("accuracy", "roc_auc"):
        for shift in SHIFTS:
            bar = 0.7 if shift >= STRONG else 1.1
            ratio = tally.error(kpi, BLEND, shift) / tally.error(kpi, CBPE, shift)
            if ratio > bar:
                found.append(f"{kpi} at {shift}: {ratio:.2f} times CBPE's, at most {bar}")
    covered = float(np.mean([hit for hits in tally.held.values() for hit in hits]))
    if not 0.90 <= covered <= 0.99:
        found.append(f"coverage {covered:.3f}")
    for shift, claims in tally.claims.items():
        if np.mean(claims) > 0.05:
            found.append(f"concept drift was claimed in {np.mean(claims):.0%} at shift {shift}")
    if np.mean(tally.seen) < 0.95:
        found.append(f"a turned concept was seen in {np.mean(tally.seen):.0%}")
    return found


def main() -> None:
    """Print the tables; exit 1 if a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="number of the first world")
    given = parser.parse_args()
    tally = Tally()
    for number in range(given.first, given.first + given.worlds):
        world = World.of(number)
        estimator = ClassEstimator.fit(SPEC, world.sample(10_000, 0.0, 10_000 + number))
        if not isinstance(estimator, ClassEstimator):
            raise SystemExit(estimator.reason)
        for k in range(WINDOWS):
            add(tally, world, estimator, number * WINDOWS + k)
    print(f"{'mean absolute error':<24}" + "".join(f"{shift:>9}" for shift in SHIFTS))
    for kpi in KPIS:
        for method in (BLEND, *METHODS):
            cells = "".join(f"{tally.error(kpi, method, shift):>9.4f}" for shift in SHIFTS)
            print(f"{kpi:<11}{method:<13}{cells}")
    print("coverage  ", {kpi: round(float(np.mean(hits)), 3) for kpi, hits in tally.held.items()})
    print("claimed   ", {shift: float(np.mean(claims)) for shift, claims in tally.claims.items()})
    print("seen      ", float(np.mean(tally.seen)))
    print("\n".join(problems := missed(tally)))
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
