"""What the loop gains on a stream: never, periodic, every block, the loop, and no change.

    python -m benchmarks.loop.loop elec2 flights stationary abrupt poisoned --seeds 3

The first six blocks train what its owner deployed. Every row is answered before its actual is
known. `loop` retrains when accuracy on the newest block falls; its gate and trials decide.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.loop.house import House
from benchmarks.loop.streams import Stream, elec2, flights, made

_FIRST = 6
_RECENT = 3000
Floats = npt.NDArray[np.float64]


def fit(stream: Stream, rows: slice, seed: int = 0) -> Callable[[Floats], Floats]:
    """LightGBM with its defaults of ours on some rows, as one retrains without any gate."""
    import lightgbm  # noqa: PLC0415

    told = stream.actual if stream.told is None else stream.told
    settings = {"objective": "binary", "verbosity": -1, "num_leaves": 15, "learning_rate": 0.08}
    data = lightgbm.Dataset(stream.features[rows], told[rows])
    booster = lightgbm.train({**settings, "num_threads": 1, "seed": seed}, data, 80)
    return lambda x: np.asarray(booster.predict(x, num_threads=1))


def blind(stream: Stream, every: int | None) -> tuple[float, int]:
    """Accuracy where one retrains every so many blocks on the newest rows, and how often."""
    block, first = stream.block, _FIRST * stream.block
    model, fits, right = fit(stream, slice(0, first)), 0, []
    for number, start in enumerate(range(first, len(stream.actual), block)):
        if every and number and number % every == 0:
            known = start - stream.late
            model, fits = fit(stream, slice(max(0, known - _RECENT), known)), fits + 1
        span = slice(start, start + block)
        right.append((model(stream.features[span]) >= 0.5) == stream.actual[span])
    return float(np.concatenate(right).mean()), fits


def loop(stream: Stream, trials: int, *, scheduled: bool, cooldown: int = 3) -> dict[str, Any]:
    """Accuracy of the loop, and what it did."""
    block, first = stream.block, _FIRST * stream.block
    own = fit(stream, slice(0, first - block))(stream.features)
    right: list[npt.NDArray[np.bool_]] = []
    states: list[str] = []
    with tempfile.TemporaryDirectory() as directory:
        house = House(stream, Path(directory), trials, first=first, known=first)
        quiet = 0
        for start in range(first, len(stream.actual), block):
            for part in range(start, min(start + block, len(stream.actual)), max(1, block // 7)):
                rows = range(part, min(part + max(1, block // 7), start + block, len(own)))
                house.known = max(first, part - stream.late)
                house.answer(rows, own)
                house.worker.trials.watch(at_once=True)
            span = slice(start, start + block)
            right.append((house.said[span] >= 0.5) == stream.actual[span])
            house.known = max(first, start + block - stream.late)
            quiet -= 1
            if quiet <= 0 and (scheduled or fell(stream, house, own)):
                states.append(house.retrain("accuracy fell"))
                quiet = cooldown
        decided = [d.reason.split(":")[0] for d in house.decisions]
        champions = len({v for v in house.version if v}) - 1
        house.registry.close()
    return {
        "accuracy": float(np.concatenate(right).mean()),
        "runs": len(states),
        "states": {s: states.count(s) for s in set(states)},
        "champions": champions,
        "rolled_back": sum("rolled back" in d for d in decided),
    }


def fell(stream: Stream, house: House, own: Floats) -> bool:
    """Whether the newest known block has fewer right answers than the owner's model had at first.

    By two deviations of what 1,000 such rows vary by. Blocks with bad data say nothing.
    """
    known, block = house.known, stream.block
    rows = np.arange(max(0, known - block), known)
    for low, high in stream.bad:
        rows = rows[(rows < low) | (rows >= high)]
    before = slice((_FIRST - 1) * block, _FIRST * block)
    told = stream.actual if stream.told is None else stream.told
    normal = float(((own[before] >= 0.5) == told[before]).mean())
    if len(rows) < block // 2:
        return False
    said = np.where(np.isnan(house.said[rows]), own[rows], house.said[rows])
    now = float(((said >= 0.5) == told[rows]).mean())
    return now < normal - 2 * (normal * (1 - normal) / block) ** 0.5


def report(stream: Stream, trials: int, *, scheduled: bool) -> dict[str, float]:
    """All arms on one stream, printed."""
    first = _FIRST * stream.block
    never, _ = blind(stream, None)
    periodic, some = blind(stream, 4)
    always, most = blind(stream, 1)
    same = stream.actual[first - stream.late : -stream.late]
    repeated = float((same == stream.actual[first:]).mean())
    ours = loop(stream, trials, scheduled=scheduled)
    kept = (ours["accuracy"] - never) / (always - never) if always > never else float("nan")
    _tell(
        f"{stream.name:<11} never {never:.2%} | every 4 blocks {periodic:.2%} ({some} fits) | "
        f"every block {always:.2%} ({most}) | no change, late {repeated:.2%} | loop "
        f"{ours['accuracy']:.2%} ({ours['runs']} runs, {ours['champions']} champions, "
        f"{ours['rolled_back']} rolled back; {ours['states']}) | of the gain {kept:.0%}"
    )
    return {"never": never, "always": always, "loop": ours["accuracy"], "runs": ours["runs"]}


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run the streams that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("streams", nargs="+")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--trials", type=int, default=6)
    parser.add_argument("--scheduled", action="store_true", help="a run every three blocks")
    asked = parser.parse_args()
    real = {"elec2": elec2, "flights": flights}
    for name in asked.streams:
        if name in real:
            report(real[name](), asked.trials, scheduled=asked.scheduled)
            continue
        found = [
            report(made(name, seed), asked.trials, scheduled=asked.scheduled)
            for seed in range(asked.seeds)
        ]
        for key in found[0]:
            values = np.array([f[key] for f in found])
            error = values.std(ddof=1) / len(values) ** 0.5 if len(values) > 1 else 0.0
            _tell(f"  {name} {key}: {values.mean():.4f} +- {1.96 * error:.4f}")


if __name__ == "__main__":
    main()
