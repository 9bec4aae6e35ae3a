"""A rising loss on the stream of labelled rows: features relate otherwise to the actual.

Values are to lie between 0 and 1: errors of classes do, and those of regression come as ranks.
"""

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
"""Values that say what the level is now."""


class _Concept(StreamDetector):
    """What the detectors of River have in common here: guarded, one-sided, to bytes and back.

    River starts afresh after an alarm; so do the levels.
    """

    name: ClassVar[str] = "drift.concept"

    def __init__(self) -> None:
        self._inner: Any = self._made()
        self._count = 0
        self._total = 0.0
        self._recent: deque[float] = deque(maxlen=_RECENT)

    @abstractmethod
    def _made(self) -> Any:
        """The detector of River as it begins."""

    def _usable(self, value: float) -> bool:
        """Whether the detector may see the value: one NaN would blind it for good."""
        return isfinite(value)

    def update_many(self, values: Numbers) -> Sequence[Alarm]:
        """Learn values in order; an alarm where the level rose, none where it fell."""
        alarms = []
        for index, value in enumerate(values.tolist()):
            if self._usable(value) and self._changes(value):
                before, after = self._levels()
                if after > before:
                    alarms.append(Alarm(index, before, after))
        return alarms

    @property
    def mean(self) -> float:
        """Mean since the last alarm, or of the last 50 values if they reach farther back."""
        if not self._recent:
            return nan
        if self._count < len(self._recent):
            return sum(self._recent) / len(self._recent)
        return self._total / self._count

    def _changes(self, value: float) -> bool:
        if self._inner.drift_detected:
            self._count, self._total = 0, 0.0
        self._count += 1
        self._total += value
        self._recent.append(value)
        self._inner.update(value)
        return bool(self._inner.drift_detected)

    def _levels(self) -> tuple[float, float]:
        """Means of the older and of the latest values since the alarm before."""
        latest = list(self._recent)[-max(1, self._count // 2) :]
        older = self._count - len(latest)
        before = (self._total - sum(latest)) / older if older else latest[0]
        return before, sum(latest) / len(latest)

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
    """ADWIN: two parts of all values since its last alarm have different means.

    Value    levels are means of the loss: up to the last 50 values, and of those 50.
    Needs    values between 0 and 1: its bound holds for no others.
    Noise    about no false alarm in 10,000 unchanged independent values (delta .002, clock 1).
    Source   A. Bifet, R. Gavalda, SIAM Int. Conf. Data Mining (2007) 443; River.
    """

    method: ClassVar[str] = "adwin"

    def _made(self) -> Any:
        return ADWIN(delta=0.002, clock=1)  # type: ignore[no-untyped-call]  # River has no types


class PageHinkleyTest(_Concept):
    """Page-Hinkley: sums how far values lie above their mean.

    Value    levels are means of the loss: up to the last 50 values, and of those 50.
    Noise    for errors of 0 and 1 about one false alarm in 30,000 unchanged values.
    Source   E. S. Page, Biometrika 41 (1954) 100; River.
    """

    method: ClassVar[str] = "page_hinkley"

    def _made(self) -> Any:
        return PageHinkley(mode="up")


class Ddm(_Concept):
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
