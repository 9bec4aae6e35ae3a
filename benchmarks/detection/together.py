"""False alarms and power of drift that only rows show: features together, texts, embeddings.

    python benchmarks/detection/together.py [--windows 300]

`p` are the shares of p-values up to .1, .01 and .001: with nothing changed at most these.
Every window has a reference of its own. `past` is the share of windows whose effect alone would be
an alert, `alert` that of windows in which the p-value is below a month's level too (one false alarm
in 720 windows of 20 tests).
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import chain

import numpy as np

from monitor.core.findings import Measurement
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task
from monitor.core.windows import Sample
from monitor.detectors.drift.content import Content
from monitor.detectors.drift.multivariate import Multivariate
from monitor.engine.thresholds import is_past, level, smallest

SPEC = ModelSpec(Task.BINARY, {"note": FeatureSpec(FeatureType.TEXT)})
LEVEL = level(SPEC, tests=20, share=0.5)
WORDS = np.array([f"{a}{b}" for a in ("bel", "tor", "mi", "sa") for b in "aeiouxyz"])
MIX = np.random.default_rng(0).normal(size=(6, 32))
CHANGES: dict[str, dict[str, float]] = {
    "nothing": {},
    "one of ten moved by half a deviation": {"moved": 0.5},
    "a relation lost": {"lost": 1.0},
    "a fifth of words new": {"new": 0.2},
    "embedding moved by half a deviation": {"shifted": 0.5},
}


def rows(
    count: int,
    seed: int,
    name: str,
    moved: float = 0,
    lost: float = 0,
    new: float = 0,
    shifted: float = 0,
) -> Sample:
    """Ten numbers with heavy tails, two of which go together, a category, a text, an embedding."""
    rng = np.random.default_rng(seed)
    x = rng.standard_t(5, size=(count, 10))
    x[:, 1] = (0 if lost else 0.8) * x[:, 0] + (1 if lost else 0.6) * x[:, 1]
    x[:, 2] += moved * np.sqrt(5 / 3)
    words = rng.choice(WORDS, (count, 8))
    words[rng.random(words.shape) < new] = "nieuw"
    hidden = rng.normal(size=(count, 6))
    hidden[:, 0] += shifted
    return Sample(
        count,
        [f"{name}{n}" for n in range(count)],
        numbers={f"x{k}": x[:, k] for k in range(10)},
        labels={"k": rng.choice(np.array(list("abcde"), object), count)},
        texts={"note": np.array([" ".join(w) for w in words], object)},
        vectors={"face": hidden @ MIX + rng.normal(0, 0.1, (count, 32))},
    )


def measured(size: int, seed: int, change: dict[str, float]) -> Iterator[Measurement]:
    """All that both detectors say about one window."""
    sides = rows(3000, 2 * seed, "r"), rows(size, 2 * seed + 1, "w", **change)
    return chain(Multivariate().measure(SPEC, *sides), Content().measure(SPEC, *sides))


def main(say: Callable[[str], object] = print) -> None:
    """Print a table for each change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, default=300)
    count = parser.parse_args().windows
    for size in (300, 1000):
        for name, change in CHANGES.items():
            found: dict[str, list[Measurement]] = defaultdict(list)
            for seed in range(count if not change else max(10, count // 10)):
                for m in measured(size, seed, change):
                    found[f"{m.feature or 'together'} {m.method}"].append(m)
            say(f"{size} rows, {name}")
            for key, values in found.items():
                p = np.array([m.p_value for m in values])
                past = [is_past(m, smallest(_detector(m), m) or 0) for m in values]
                alert = np.mean(np.array(past) & (p <= LEVEL))
                shares = " ".join(f"{np.mean(p <= a):.3f}" for a in (0.1, 0.01, 0.001))
                say(f"  {key:20} p: {shares}  past {np.mean(past):.3f}  alert {alert:.3f}")
            sys.stdout.flush()


def _detector(measured: Measurement) -> str:
    return "drift.univariate" if measured.feature else "drift.multivariate"


if __name__ == "__main__":
    main()
