"""A rising loss on the stream of labelled rows: features relate otherwise to the actual."""

import hashlib
import pickle
from abc import abstractmethod
from collections import deque
from collections.abc import Sequence
from importlib.metadata import version
from math import isfinite, nan
from typing import Any, ClassVar, Self

from river.drift import ADWIN, PageHinkley
from river.drift.binary import DDM

from monitor.core.detector import Alarm, StreamDetector
from monitor.core.windows import Numbers

_DIGEST = hashlib.sha256().digest_size
_RECENT = 50
"""Values that say what the level is after an alarm of a detector that does not say so itself."""


class _Concept(StreamDetector):
    """What the detectors of River have in common here: guarded, one-sided, to bytes and back."""

    name: ClassVar[str] = "drift.concept"

    def __init__(self) -> None:
        self._inner: Any = self._made()

    @abstractmethod
    def _made(self) -> Any:
        """The detector of River as it begins."""

    @abstractmethod
    def _learn(self, value: float) -> tuple[float, float] | None:
        """Learn a usable value; the level before and after if the stream changed here."""

    def _usable(self, value: float) -> bool:
        """Whether the detector may see the value: one NaN would blind it for good."""
        return isfinite(value)

    def update_many(self, values: Numbers) -> Sequence[Alarm]:
        """Learn values in order; an alarm where the level rose, none where it fell."""
        alarms = []
        for index, value in enumerate(values.tolist()):
            change = self._learn(value) if self._usable(value) else None
            if change is not None and change[1] > change[0]:
                alarms.append(Alarm(index, *change))
        return alarms

    def dump(self) -> bytes:
        """Checksum, head, and the pickled state; the head names method and River's version."""
        body = _head(self.method) + pickle.dumps(self.__dict__, protocol=5)
        return hashlib.sha256(body).digest() + body

    @classmethod
    def load(cls, state: bytes) -> Self:
        """The detector that `dump` wrote.

        Raises ValueError if the bytes are damaged, or of another method or version of River. Only
        for bytes that this service wrote itself: a pickle runs code.
        """
        digest, body = state[:_DIGEST], state[_DIGEST:]
        if hashlib.sha256(body).digest() != digest:
            raise ValueError("the state of the detector is damaged")
        head = _head(cls.method)
        if not body.startswith(head):
            raise ValueError(f"the state was written by another detector than {head.decode()!r}")
        detector = cls()
        detector.__dict__.update(pickle.loads(body[len(head) :]))
        return detector


def _head(method: str) -> bytes:
    return f"{method} river {version('river')}\n".encode()


class Adwin(_Concept):
    """ADWIN: drops old values while two parts of its window have different means.

    Value    levels are means of the loss: of the values dropped, and of those kept.
    Noise    about no false alarm in 10,000 unchanged independent values (delta .002, clock 1).
    Source   A. Bifet, R. Gavalda, SIAM Int. Conf. Data Mining (2007) 443; River.
    """

    method: ClassVar[str] = "adwin"

    def _made(self) -> Any:
        return ADWIN(delta=0.002, clock=1)  # type: ignore[no-untyped-call]  # River has no types here

    def _learn(self, value: float) -> tuple[float, float] | None:
        inner = self._inner
        # River empties the window at the first value after an alarm: what was kept counts on.
        total, width = (0.0, 0) if inner.drift_detected else (inner.total, inner.width)
        inner.update(value)
        if not inner.drift_detected:
            return None
        dropped = width + 1 - inner.width
        if dropped <= 0 or not inner.width:
            return None
        return (total + value - inner.total) / dropped, inner.total / inner.width

    @property
    def mean(self) -> float:
        """Mean of the window; NaN before the first value."""
        return self._inner.total / self._inner.width if self._inner.width else nan


class _Resetting(_Concept):
    """Detectors that start afresh after an alarm, and know the mean since then."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self._total = 0.0
        self._recent: deque[float] = deque(maxlen=_RECENT)

    def _learn(self, value: float) -> tuple[float, float] | None:
        if self._inner.drift_detected:
            self._count, self._total = 0, 0.0
            self._recent.clear()
        self._count += 1
        self._total += value
        self._recent.append(value)
        self._inner.update(value)
        if not self._inner.drift_detected:
            return None
        after = sum(self._recent) / len(self._recent)
        older = self._count - len(self._recent)
        return (self._total - sum(self._recent)) / older if older else self._level(), after

    def _level(self) -> float:
        return self._total / self._count

    @property
    def mean(self) -> float:
        """Mean since the last alarm; NaN before the first value."""
        return self._level() if self._count else nan


class PageHinkleyTest(_Resetting):
    """Page-Hinkley: sums how far values lie above their mean.

    Value    levels are means of the loss: up to the last 50 values, and of those 50.
    Noise    depends on the unit of the loss; for errors of 0 and 1 about one false alarm in
             30,000 unchanged values.
    Source   E. S. Page, Biometrika 41 (1954) 100; River.
    """

    method: ClassVar[str] = "page_hinkley"

    def _made(self) -> Any:
        return PageHinkley(mode="up")


class Ddm(_Resetting):
    """DDM: alarms when the error rate lies three deviations above its lowest.

    Value    levels are shares of wrong answers: up to the last 50 rows, and of those 50.
    Needs    losses between 0 and 1; others are skipped.
    Noise    about one false alarm in 100,000 unchanged values.
    Source   J. Gama et al., SBIA (2004) 286; River.
    """

    method: ClassVar[str] = "ddm"

    def _made(self) -> Any:
        return DDM()

    def _usable(self, value: float) -> bool:
        return 0 <= value <= 1
