"""A streaming detector that no value can blind and no dependence can mislead."""

import hashlib
import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, ClassVar, Self

import numpy as np

from monitor.core.detector import Alarm, Beginning, StreamDetector
from monitor.core.windows import Numbers
from monitor.detectors.streaming.cores import Core
from monitor.detectors.streaming.dependence import FIRST, LATER, Blocks, significant
from monitor.detectors.streaming.levels import Levels

RUN_LENGTH = 10_000.0
"""Unchanged values between two false alarms, on average, if nothing else is asked for."""
LONGEST = 1e9
"""The run length of what must hardly ever alarm."""
_MONTH = 30 * 86_400.0


class Guarded(StreamDetector):
    """A core, and around it what all streaming detectors need.

    Values that are not finite or out of bounds are skipped and counted. The first 250 values say
    whether neighbours depend on each other; if so the core sees means of blocks instead, and
    whenever what it sees still does, after each 1,000, it starts afresh with larger blocks. An
    alarm among the first 250 values is told at the 250th.

    With `per_month` the first 250 values also say how many come in a month, and `run_length`
    becomes what gives so many false alarms then, if that is more.

    The state is JSON.
    """

    name: ClassVar[str] = "drift.concept"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = inf
    rising_only: ClassVar[bool] = True

    def __init__(
        self,
        run_length: float = RUN_LENGTH,
        baseline: float | None = None,
        per_month: float | None = None,
    ) -> None:
        self.run_length, self.baseline, self.per_month = float(run_length), baseline, per_month
        self.skipped = 0
        self._first, self._last = inf, -inf
        self._levels = Levels()
        self._guard = Blocks()
        self._core = self._made(self.run_length)
        self._waiting: list[float] | None = []
        self._seen = np.empty(LATER)
        self._filled = 0

    @abstractmethod
    def _made(self, run_length: float) -> Core:
        """The core as it begins; the run length counts what the core sees."""

    @classmethod
    def begun(cls, beginning: Beginning) -> Self:
        """The detector before its first value."""
        length = RUN_LENGTH if beginning.run_length is None else beginning.run_length
        month = beginning.alarms_per_month if beginning.run_length is None else None
        return cls(length, beginning.baseline, month)

    def update_timed(self, values: Numbers, seconds: Numbers) -> Sequence[Alarm]:
        """As `update_many`, with the event time of each value in seconds, shape (n,)."""
        return self.update_many(values, seconds)

    def update_many(self, values: Numbers, seconds: Numbers | None = None) -> Sequence[Alarm]:
        """Learn values, shape (n,), in order; the alarms among them, oldest first."""
        values = np.asarray(values, np.float64)
        with np.errstate(invalid="ignore"):
            usable = np.isfinite(values) & (values >= self.low) & (values <= self.high)
        places = np.flatnonzero(usable)
        self.skipped += len(values) - len(places)
        held = values[places]
        if seconds is not None and self._waiting is not None:
            self._timed(seconds[places[: FIRST - len(self._waiting)]])
        alarms, start = [], 0
        for hit in self._hits(held):
            self._levels.learn(held[start : hit + 1])
            before, after = self._levels.alarm()
            if self.rising_only and self.baseline is not None:
                before = self.baseline  # what came since the last alarm may be as bad
            start = hit + 1
            if after > before or not self.rising_only:
                alarms.append(Alarm(int(places[hit]), before, after))
        self._levels.learn(held[start:])
        return alarms

    def _timed(self, seconds: Numbers) -> None:
        if len(seconds):
            self._first = min(self._first, float(seconds.min()))
            self._last = max(self._last, float(seconds.max()))

    def _paced(self) -> None:
        """Take the run length that the first values call for."""
        if self.per_month is None or self._last < self._first:
            return
        every = (self._last - self._first) / (FIRST - 1)
        wanted = _MONTH / every / self.per_month if every > 0 else LONGEST
        self.run_length = min(LONGEST, max(self.run_length, wanted))
        self._core = self._made(self.run_length)

    def _hits(self, values: Numbers) -> list[int]:
        if self._waiting is None:
            return self._looked(values)
        taken = max(0, FIRST - len(self._waiting))
        self._waiting += values[:taken].tolist()
        if len(self._waiting) < FIRST:
            return []
        first, self._waiting = np.array(self._waiting), None
        self._paced()
        self._strengthen(significant(first))
        early = [taken - 1] if self._looked(first) else []
        return early + [taken + hit for hit in self._looked(values[taken:])]

    def _strengthen(self, r: float) -> None:
        if r > 0:
            self._guard = self._guard.stronger(r)
            self._core = self._made(self.run_length / self._guard.size)

    def _looked(self, values: Numbers) -> list[int]:
        """Hits of the core; dependence is judged whenever it has seen 1,000 values."""
        found: list[int] = []
        offset = 0
        while offset < len(values):
            part = values[offset : offset + self._guard.span(LATER - self._filled)]
            clean, places = self._guard(part)
            found += [offset + int(places[hit]) for hit in self._core.feed(clean)]
            self._seen[self._filled : self._filled + len(clean)] = clean
            self._filled += len(clean)
            offset += len(part)
            if self._filled == LATER:
                self._filled = 0
                self._strengthen(significant(self._seen))
        return found

    @property
    def mean(self) -> float:
        """Mean since the last alarm, or of the last 50 values if they reach farther back."""
        return self._levels.mean

    def to_state(self) -> dict[str, object]:
        """The whole state, as JSON can hold it."""
        return {
            "method": self.method,
            "run_length": self.run_length,
            "baseline": self.baseline,
            "per_month": self.per_month,
            "timed": [self._first, self._last] if self._first <= self._last else None,
            "skipped": self.skipped,
            "levels": self._levels.to_state(),
            "guard": self._guard.to_state(),
            "core": self._core.to_state(),
            "waiting": self._waiting,
            "seen": self._seen[: self._filled].tolist(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The detector that `to_state` told of. Raises ValueError if it cannot be read."""
        if state.get("method") != cls.method:
            raise ValueError(f"the state is of another detector, {state.get('method')!r}")
        try:
            detector = cls(state["run_length"], state["baseline"], state["per_month"])
            detector._first, detector._last = state["timed"] or (inf, -inf)
            detector.skipped = int(state["skipped"])
            detector._levels = Levels.from_state(state["levels"])
            detector._guard = Blocks.from_state(state["guard"])
            detector._core = detector._made(detector.run_length / detector._guard.size)
            detector._core.from_state(state["core"])
            waiting = state["waiting"]
            detector._waiting = None if waiting is None else [float(v) for v in waiting]
            detector._filled = len(state["seen"])
            detector._seen[: detector._filled] = state["seen"]
        except (KeyError, TypeError) as problem:
            raise ValueError(f"the state of {cls.method} cannot be read") from problem
        return detector

    def dump(self) -> bytes:
        """A checksum and the state as JSON."""
        body = json.dumps(self.to_state()).encode()
        return hashlib.sha256(body).hexdigest().encode() + b"\n" + body

    @classmethod
    def load(cls, state: bytes) -> Self:
        """The detector that `dump` wrote. Raises ValueError if it cannot be read."""
        digest, _, body = state.partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() != digest:
            raise ValueError("the state of the detector is damaged")
        return cls.from_state(json.loads(body))
