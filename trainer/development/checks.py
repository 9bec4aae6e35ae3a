"""Checks an artefact in a clean process: it loads, answers the same, survives bad rows, is quick.

A damaged model can crash an interpreter; there it crashes its own.
"""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection
from os import sysconf
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from monitor.core.spec import FeatureType
from trainer.development import package
from trainer.records import Reason
from trainer.research.collect import Examples, Matrix
from trainer.research.features import Encoder

_LIBRARY = "lightgbm"
_SLOWEST_MS = 20.0
_SLOWEST_OF_100_MS = 200.0
_MOST_MEMORY_MB = 1000.0
_SERIES = 3
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
    """Answers to the rows, what could not be answered, times of single rows (ms), memory taken."""

    answers: Sequence[Sequence[float]] = ()
    broken: Sequence[str] = ()
    damaged: int = 0
    milliseconds: Sequence[float] = field(default_factory=tuple)
    memory: int = 0


class Examiner:
    """A process of its own that loads libraries while the challenger is still being made.

    Where they are loaded already it is forked, before anything was learned; else it is started.
    """

    def __init__(self) -> None:
        forked = _LIBRARY in sys.modules
        context = get_context("fork") if forked else get_context("spawn")
        self._connection, theirs = context.Pipe()
        ours = self._connection if forked else None  # a fork holds it too, and must let it go
        self._process = context.Process(target=_answer, args=(theirs, ours), daemon=True)
        self._process.start()
        theirs.close()

    def examine(self, artefact: Path, rows: Sequence[Mapping[str, Any]]) -> Examined | str:
        """What came of it; or why nothing did."""
        try:
            self._connection.send_bytes(msgspec.json.encode(Examination(str(artefact), rows)))
            if not self._connection.poll(_PATIENCE):
                return f"no answer within {_PATIENCE:.0f} s"
            found: Examined | str = msgspec.json.decode(
                self._connection.recv_bytes(), type=Examined | str
            )
        except (EOFError, OSError):
            self._process.join(_PATIENCE)
            return f"the process ended with {self._process.exitcode}"
        else:
            return found
        finally:
            self._connection.close()
            self._process.kill()
            self._process.join()


def _answer(connection: Connection, ours: Connection | None) -> None:
    """The life of the examiner's process: one examination."""
    if ours is not None:
        ours.close()
    with suppress(ImportError, OSError):  # what most artefacts need, while it is still tuned
        import_module(_LIBRARY)
    try:
        asked = msgspec.json.decode(connection.recv_bytes(), type=Examination)
    except EOFError:  # nobody wants to know any more
        return
    said: Examined | str
    try:
        said = examine(asked)
    except Exception as error:  # whatever is wrong with the artefact, the gate must hear of it
        said = f"{type(error).__name__}: {error}"
    connection.send_bytes(msgspec.json.encode(said))


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
    return _loads(found, expected), _survives(found), _latency(found), _memory(found), weight


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
    detail = (
        f"one row takes {middle:.3f} ms (median), 99 of 100 at most {last:.3f}; "
        f"{_SLOWEST_MS:.0f} and {_SLOWEST_OF_100_MS:.0f} are allowed"
    )
    passed = middle <= _SLOWEST_MS and last <= _SLOWEST_OF_100_MS
    return Reason("latency", passed, detail, {"p50_ms": middle, "p99_ms": last})


def _memory(found: Examined) -> Reason:
    taken = found.memory / 1e6
    detail = f"loaded it takes {taken:.1f} MB, at most {_MOST_MEMORY_MB:.0f} are allowed"
    return Reason("memory", taken <= _MOST_MEMORY_MB, detail, {"bytes": found.memory})


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
    before = _resident()
    packaged = package.load(Path(asked.artefact))
    answers = packaged.answers(asked.rows)
    memory = max(0, _resident() - before)
    broken = []
    tried = list(damaged(packaged.encoder, asked.rows[0]))
    for what, row in tried:
        try:
            if not np.isfinite(packaged.answers([row])).all():
                broken.append(f"{what}: no finite answer")
        except Exception as error:
            broken.append(f"{what}: {type(error).__name__}: {error}")
    times = min((_times(packaged, asked.rows) for _ in range(_SERIES)), key=lambda t: sorted(t)[-2])
    return Examined(answers.tolist(), broken, len(tried), times, memory)


def _times(packaged: package.Packaged, rows: Sequence[Mapping[str, Any]]) -> list[float]:
    """Milliseconds of single rows; the quietest of some series counts, others use the machine."""
    times = []
    for i in range(_REPEATS):
        began = time.perf_counter()
        packaged.answers([rows[i % len(rows)]])
        times.append((time.perf_counter() - began) * 1e3)
    return times


def _resident() -> int:
    """Bytes of this process in memory; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * sysconf("SC_PAGE_SIZE")
