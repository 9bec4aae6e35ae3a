"""Checks an artefact in a clean process: it loads, answers the same, survives bad rows, is quick.

`python -m trainer.development.checks` is that process: an examination on standard input, what
came of it on standard output. A damaged model can crash an interpreter; there it crashes its own.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from monitor.core.spec import FeatureType
from trainer.development import package
from trainer.records import Reason
from trainer.research.collect import Examples, Matrix
from trainer.research.features import Encoder

_SLOWEST_MS = 20.0
_LARGEST_MB = 200.0
_PATIENCE = 120.0
_REPEATS = 100
_CLOSE = 1e-9
_WRONG: Mapping[FeatureType, tuple[object, ...]] = {
    FeatureType.NUMBER: ("abc", [1], {}, True, float("nan"), float("inf"), 10**400, -1e300),
    FeatureType.BOOLEAN: ("maybe", 7, [], {}),
    FeatureType.CATEGORY: ("never seen before", 3.5, [], {}, "", True),
    FeatureType.TIMESTAMP: ("soon", -1e300, [], True, float("nan")),
    FeatureType.TEXT: (3, [], {}, "", "\ud800"),
    FeatureType.EMBEDDING: ([], ["a"], 3, "abc", [float("nan")], {}),
}


@dataclass(frozen=True, slots=True)
class Examination:
    """The artefact, and rows to answer."""

    artefact: str
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Examined:
    """Answers to the rows, what could not be answered, times of single rows (ms)."""

    answers: Sequence[Sequence[float]] = ()
    broken: Sequence[str] = ()
    damaged: int = 0
    milliseconds: Sequence[float] = field(default_factory=tuple)


class Examiner:
    """A clean process that loads libraries while the challenger is still being made."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "trainer.development.checks"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def examine(self, artefact: Path, rows: Sequence[Mapping[str, Any]]) -> Examined | str:
        """What came of it; or why nothing did."""
        asked = msgspec.json.encode(Examination(str(artefact), rows))
        try:
            said, complaint = self._process.communicate(asked, _PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            return f"no answer within {_PATIENCE:.0f} s"
        if self._process.returncode:
            last = complaint.decode(errors="replace").strip().splitlines()[-1:]
            return f"the process ended with {self._process.returncode}: {' '.join(last)}"
        return msgspec.json.decode(said, type=Examined)


def sendable(examples: Examples, names: Sequence[str]) -> list[dict[str, Any]]:
    """Rows as a client sends them: a dict of features each, times as text."""
    columns = {name: examples.feature(name).to_pylist() for name in names}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return [
        {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in row.items()} for row in rows
    ]


def judge(found: Examined | str, expected: Matrix, size: int) -> tuple[Reason, ...]:
    """The reasons for the gate. `expected` answers the same rows; `size` of the artefact, bytes."""
    weight = Reason(
        "size",
        size <= _LARGEST_MB * 1e6,
        f"the artefact has {size / 1e6:.2f} MB, at most {_LARGEST_MB:.0f} are allowed",
        {"bytes": size},
    )
    if isinstance(found, str):
        return Reason("loads", False, f"a clean process could not answer: {found}"), weight
    return _loads(found, expected), _survives(found), _latency(found), weight


def _loads(found: Examined, expected: Matrix) -> Reason:
    gap = float(np.abs(np.asarray(found.answers) - expected).max(initial=0.0))
    scale = 1.0 + float(np.abs(expected).max(initial=0.0))
    same = gap <= _CLOSE * scale
    detail = f"a clean process gives {len(expected)} answers, off by at most {gap:.2g}"
    return Reason("loads", same, detail, {"rows": len(expected), "largest_difference": gap})


def _survives(found: Examined) -> Reason:
    if found.broken:
        detail = f"cannot answer {len(found.broken)} damaged rows: {'; '.join(found.broken[:3])}"
    else:
        detail = f"answers all {found.damaged} rows with missing, unknown and wrong values"
    numbers = {"rows": found.damaged, "broken": len(found.broken)}
    return Reason("survives", not found.broken, detail, numbers)


def _latency(found: Examined) -> Reason:
    middle, last = np.quantile(found.milliseconds, [0.5, 0.99]).tolist()
    detail = f"one row takes {middle:.3f} ms (median), at most {_SLOWEST_MS:.0f} are allowed"
    return Reason("latency", middle <= _SLOWEST_MS, detail, {"p50_ms": middle, "p99_ms": last})


def damaged(encoder: Encoder, row: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows that are wrong in one way each, and in which."""
    yield "no features", {}
    yield "an extra feature", {**row, "\x00": object()}
    for feature in encoder.features:
        yield f"{feature.name} absent", {k: v for k, v in row.items() if k != feature.name}
        yield f"{feature.name} null", {**row, feature.name: None}
        for value in _WRONG[feature.type]:
            yield f"{feature.name} = {str(value)[:20]!r}", {**row, feature.name: value}


def examine(asked: Examination) -> Examined:
    """Load the artefact and put it to the test; runs in the clean process."""
    packaged = package.load(Path(asked.artefact))
    answers = packaged.answers(asked.rows)
    broken = []
    tried = list(damaged(packaged.encoder, asked.rows[0]))
    for what, row in tried:
        try:
            if not np.isfinite(packaged.answers([row])).all():
                broken.append(f"{what}: no finite answer")
        except Exception as error:
            broken.append(f"{what}: {type(error).__name__}: {error}")
    times = []
    for i in range(_REPEATS):
        began = time.perf_counter()
        packaged.answers([asked.rows[i % len(asked.rows)]])
        times.append((time.perf_counter() - began) * 1e3)
    return Examined(answers.tolist(), broken, len(tried), times)


if __name__ == "__main__":
    import_module("lightgbm")  # what most artefacts need, while the challenger is still tuned
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Examination)
    sys.stdout.buffer.write(msgspec.json.encode(examine(asked)))
