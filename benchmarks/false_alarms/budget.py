"""False alarms a month with nothing changed, and power: ours beside other default policies.

    python benchmarks/false_alarms/budget.py --months 20 --features 20 200 --rows 100 1000 10000

Hourly windows of rows drawn from the law of the reference (10,000 rows over four weeks): features
in turn normal, lognormal and of five categories. `iid` rows do not depend on each other; in `ar1`
the latent normal of each feature follows an AR(1) with phi 0.5 from row to row; in `weekly` its
mean follows a cycle of a week with an amplitude of 0.3 standard deviations. Every alerting finding
is a false alarm, and so is every window with one; the budget bounds the former.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter
from scipy.stats import ks_2samp, wasserstein_distance

from monitor.core.detector import ProfileDetector
from monitor.core.profile import Bins, Profile, Profiles
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task, WindowSpec
from monitor.core.windows import Sample, Window
from monitor.detectors import DETECTORS
from monitor.engine.dependence import Dependences
from monitor.engine.thresholds import UNLABELLED_SHARE, Place, judge, level

START = datetime(2026, 1, 5, tzinfo=UTC)
REFERENCE, WEEK, MONTH = 10_000, 168, 720
SHIFT, MOVED = 0.5, 3
_PHI, _AMPLITUDE = 0.5, 0.3
_CUTS = np.array([-0.8, -0.2, 0.3, 1.0])

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Process:
    """What draws rows: latent normals, shape (rows, features)."""

    name: str
    features: int

    def latent(self, rng: np.random.Generator, rows: int, hours: Floats) -> Floats:
        """`hours` of each row, since the beginning of a week."""
        z = rng.standard_normal((rows, self.features))
        if self.name == "ar1":
            z[1:] *= np.sqrt(1 - _PHI**2)
            z = lfilter([1.0], [1.0, -_PHI], z, axis=0)
        if self.name == "weekly":
            z += _AMPLITUDE * np.sin(2 * np.pi * hours / WEEK)[:, None]
        return z


def columns(z: Floats) -> list[Floats]:
    """The features of latent normals: normal, lognormal, and five categories in turn."""
    made = []
    for i in range(z.shape[1]):
        kind = i % 3
        x = z[:, i]
        made.append(x if kind == 0 else np.exp(x) if kind == 1 else np.searchsorted(_CUTS, x) * 1.0)
    return made


def is_category(feature: int) -> bool:
    """Every third one."""
    return feature % 3 == 2


def profile(feature: int, x: Floats, bins: Bins | None) -> Profile:
    """The profile of a column."""
    if is_category(feature):
        names, counts = np.unique(x.astype(int).astype(str), return_counts=True)
        cells = dict(zip(names.tolist(), counts.tolist(), strict=True))
        return Profile(FeatureType.CATEGORY, rows=len(x), categories=cells)
    assert bins is not None
    return Profile(
        FeatureType.NUMBER,
        rows=len(x),
        minimum=float(x.min()),
        maximum=float(x.max()),
        total=float(x.sum()),
        squares=float(np.square(x).sum()),
        bins=bins,
        counts=np.bincount(bins.place(x), minlength=len(bins)).astype(np.int64),
    )


class Ours:
    """The profile detectors and the engine's judgement, as a round calls them."""

    def __init__(self, reference: list[Floats], rows: int) -> None:
        kinds = [FeatureType.CATEGORY if is_category(i) else FeatureType.NUMBER
                 for i in range(len(reference))]  # fmt: skip
        features = {f"f{i}": FeatureSpec(kind) for i, kind in enumerate(kinds)}
        window = WindowSpec(timedelta(hours=1), min_rows=min(200, rows))
        self.spec = ModelSpec(Task.BINARY, features, window=window)
        self.bins = [None if is_category(i) else Bins.of(x) for i, x in enumerate(reference)]
        self.dependences = self._dependences(reference)
        self.reference = self.dependences.of_reference(self._profiles(reference))
        self.detectors = [d for d in DETECTORS if isinstance(d, ProfileDetector)]

    def _dependences(self, reference: list[Floats]) -> Dependences:
        numbers = {f"f{i}": x for i, x in enumerate(reference) if not is_category(i)}
        labels = {f"f{i}": np.array([str(int(v)) for v in x], object)
                  for i, x in enumerate(reference) if is_category(i)}  # fmt: skip
        stamps = (np.linspace(0, 4 * WEEK, REFERENCE) * 3600e6).astype(np.int64)
        sample = Sample(REFERENCE, range(REFERENCE), stamps, numbers, labels)
        return Dependences.of(sample, self.spec.window.every)

    def _profiles(self, drawn: list[Floats]) -> Profiles:
        made = {f"f{i}": profile(i, x, self.bins[i]) for i, x in enumerate(drawn)}
        return Profiles(len(drawn[0]), made)

    def alarms(self, drawn: list[Floats], hour: int) -> int:
        """How many findings of a window alert."""
        window = Window(START + timedelta(hours=hour), START + timedelta(hours=hour + 1))
        current = self.dependences.of_window(self._profiles(drawn))
        found = [
            (d.name, m)
            for d in self.detectors
            for m in d.measure(self.spec, window, self.reference, current)
        ]
        tests = sum(m.p_value is not None for _, m in found)
        limit = level(self.spec, tests, share=UNLABELLED_SHARE)
        place = Place("m", "1", window, current.rows)
        return sum(judge(self.spec, place, name, m, limit).alert for name, m in found)


class SmirnovHochberg:
    """Kolmogorov-Smirnov for each feature, Benjamini-Hochberg at 0.05 in each window."""

    def __init__(self, reference: list[Floats], _: int) -> None:
        self.reference = reference

    def alarms(self, drawn: list[Floats], _: int) -> int:
        """How many features are rejected."""
        p = np.sort([ks_2samp(r, x).pvalue for r, x in zip(self.reference, drawn, strict=True)])
        under = p <= 0.05 * np.arange(1, len(p) + 1) / len(p)
        return int(np.flatnonzero(under)[-1] + 1) if under.any() else 0


class Evidently:
    """Evidently's default for references over 1,000 rows: distance of a column at least 0.1.

    Wasserstein over the reference's deviation for numbers, Jensen-Shannon for categories.
    """

    def __init__(self, reference: list[Floats], _: int) -> None:
        self.reference = reference

    def alarms(self, drawn: list[Floats], _: int) -> int:
        """How many columns have drifted."""
        return sum(
            _jensen_shannon(r, x) >= 0.1
            if is_category(i)
            else wasserstein_distance(r, x) / max(float(np.std(r)), 0.001) >= 0.1
            for i, (r, x) in enumerate(zip(self.reference, drawn, strict=True))
        )


class NannyMl:
    """NannyML's default: Jensen-Shannon outside of mean +- 3 deviations over reference chunks."""

    def __init__(self, reference: list[Floats], rows: int) -> None:
        self.edges = [None if is_category(i) else np.quantile(x, np.linspace(0, 1, 21))
                      for i, x in enumerate(reference)]  # fmt: skip
        self.reference = [self._binned(i, x) for i, x in enumerate(reference)]
        self.limits = []
        for i, x in enumerate(reference):
            chunks = [x[a : a + rows] for a in range(0, len(x) - rows + 1, rows)][:50]
            known = [_distance(self.reference[i], self._binned(i, c)) for c in chunks]
            self.limits.append(np.mean(known) + 3 * np.std(known))

    def _binned(self, feature: int, x: Floats) -> Floats:
        edges = self.edges[feature]
        if edges is None:
            return np.bincount(x.astype(int), minlength=5) / len(x)
        place = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, len(edges) - 2)
        return np.bincount(place, minlength=len(edges) - 1) / len(x)

    def alarms(self, drawn: list[Floats], _: int) -> int:
        """How many columns lie beyond their limit."""
        return sum(
            _distance(self.reference[i], self._binned(i, x)) > self.limits[i]
            for i, x in enumerate(drawn)
        )


def _jensen_shannon(r: Floats, x: Floats) -> float:
    size = int(max(r.max(), x.max())) + 1
    p, q = (np.bincount(v.astype(int), minlength=size) / len(v) for v in (r, x))
    return _distance(p, q)


def _distance(p: Floats, q: Floats) -> float:
    m = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.nansum(p * np.log2(p / m)) + np.nansum(q * np.log2(q / m))
    return float(np.sqrt(max(0.0, parts / 2)))


POLICIES = {
    "ours": Ours,
    "KS + BH .05": SmirnovHochberg,
    "Evidently": Evidently,
    "NannyML": NannyMl,
}


def windows(
    process: Process, rng: np.random.Generator, rows: int, count: int
) -> Iterator[tuple[int, Floats]]:
    """Windows, hour by hour."""
    for hour in range(count):
        yield hour, process.latent(rng, rows, hour + np.linspace(0, 1, rows, endpoint=False))


def cell(policy: str, process: Process, rows: int, months: float, seed: int) -> tuple[float, float]:
    """Findings and windows that alarm in a month, with a new reference each month."""
    findings = alarming = 0
    count = round(months * MONTH)
    for month, first in enumerate(range(0, count, MONTH)):
        rng = np.random.default_rng([seed, month, rows, process.features])
        hours = np.linspace(0, 4 * WEEK, REFERENCE)
        judge_of = POLICIES[policy](columns(process.latent(rng, REFERENCE, hours)), rows)
        for hour, z in windows(process, rng, rows, min(MONTH, count - first)):
            found = judge_of.alarms(columns(z), hour)
            findings, alarming = findings + found, alarming + (found > 0)
    return findings / months, alarming / months


def power(policy: str, process: Process, rows: int, within: int, tries: int, seed: int) -> float:
    """The share of shifts (3 features, half a deviation) seen within so many windows."""
    seen = 0
    for i in range(tries):
        rng = np.random.default_rng([seed, i, 7])
        hours = np.linspace(0, 4 * WEEK, REFERENCE)
        judge_of = POLICIES[policy](columns(process.latent(rng, REFERENCE, hours)), rows)
        for hour, z in windows(process, rng, rows, within):
            z[:, :MOVED] += SHIFT
            if judge_of.alarms(columns(z), hour):
                seen += 1
                break
    return seen / tries


def main() -> None:
    """Print one line a cell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=float, default=20)
    parser.add_argument("--features", type=int, nargs="+", default=[20, 200])
    parser.add_argument("--rows", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--processes", nargs="+", default=["iid", "ar1", "weekly"])
    parser.add_argument("--policies", nargs="+", default=["ours"], choices=list(POLICIES))
    parser.add_argument("--tries", type=int, default=100)
    asked = parser.parse_args()
    say("policy       process features   rows   findings/month  windows/month   power (windows)")
    for policy in asked.policies:
        for name in asked.processes:
            for features in asked.features:
                for rows in asked.rows:
                    began = time.monotonic()
                    process = Process(name, features)
                    findings, alarming = cell(policy, process, rows, asked.months, 1)
                    within = 5 if rows < 1000 else 1
                    seen = power(policy, process, rows, within, asked.tries, 2)
                    say(
                        f"{policy:<12} {name:<7} {features:>8} {rows:>6} {findings:>16.2f} "
                        f"{alarming:>14.2f} {seen:>9.0%} ({within})"
                        f"   {time.monotonic() - began:.0f} s"
                    )


def say(line: str) -> None:
    """A line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
