"""What a detector is: one verb, and one of five kinds of things it looks at.

A detector measures; it does not judge, word, or store. Too little data is no measurement: never
NaN, never zero. Its inputs stay as they were, and the order of rows does not matter to a
window detector.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from monitor.core.arrivals import Delays, LabelCount
from monitor.core.findings import Measurement
from monitor.core.profile import Profiles
from monitor.core.resources import Usage
from monitor.core.spec import ModelSpec
from monitor.core.windows import Numbers, Sample, Traffic, Window


class Detector(ABC):
    """Anything that looks for one kind of trouble. Its name is its path: `drift.univariate`."""

    name: ClassVar[str]


class ProfileDetector(Detector):
    """Compares the profiles of a window with those of the reference."""

    @abstractmethod
    def measure(
        self, spec: ModelSpec, window: Window, reference: Profiles, current: Profiles
    ) -> Iterable[Measurement]:
        """What the window shows. `reference` has no rows where none was given."""


class SampleDetector(Detector):
    """Compares rows of a window with rows of the reference, or with its labelled rows only."""

    labelled_reference: ClassVar[bool] = False

    @abstractmethod
    def measure(self, spec: ModelSpec, reference: Sample, current: Sample) -> Iterable[Measurement]:
        """What the rows show. `reference` has no rows where none was given."""


class LabelledDetector(Detector):
    """Compares labelled rows of a window with labelled rows of the reference."""

    @abstractmethod
    def measure(self, spec: ModelSpec, reference: Sample, current: Sample) -> Iterable[Measurement]:
        """What the rows show; every row has an actual, `current.total` counts those without too."""


class TrafficDetector(Detector):
    """Compares how many rows a window has, and when they came, with the windows before it."""

    @abstractmethod
    def measure(
        self, spec: ModelSpec, history: Sequence[Traffic], current: Traffic
    ) -> Iterable[Measurement]:
        """What the window shows. `history` has every window before it, oldest first, also empty
        ones; the window is over."""


class ArrivalDetector(Detector):
    """Compares how many actuals are in with how long they used to take."""

    @abstractmethod
    def measure(
        self, spec: ModelSpec, delays: Delays, windows: Sequence[LabelCount]
    ) -> Iterable[tuple[LabelCount, Measurement]]:
        """What windows that are over show, each with its measurement."""


class UsageDetector(Detector):
    """Looks at what serving took in a window."""

    @abstractmethod
    def measure(self, spec: ModelSpec, usage: Usage) -> Iterable[Measurement]:
        """What the samples show; there is one at least."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """The place in a stream where it changed: index into the values given, and what was seen."""

    index: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a streaming detector is told before its first value.

    `baseline` is the mean of unchanged values where it is known. `run_length` is how many of them
    may lie between two false alarms; where it is None that follows from `alarms_per_month` and
    from how fast values come.
    """

    baseline: float | None = None
    run_length: float | None = None
    alarms_per_month: float | None = None


class StreamDetector(Detector):
    """Remembers one stream of numbers and says where it changed.

    `update_many(values)` equals updating with them one by one, however they are cut. None of its
    state may be harmed by NaN or infinity: such values are skipped and keep their index. `bounded`
    ones need values between 0 and 1.
    """

    method: ClassVar[str]
    bounded: ClassVar[bool] = False

    @classmethod
    def begun(cls, beginning: Beginning) -> Self:  # noqa: ARG003 - for those that override it
        """The detector before its first value; here one that needs to be told nothing."""
        return cls()

    def update_timed(self, values: Numbers, seconds: Numbers) -> Sequence[Alarm]:  # noqa: ARG002 - as above
        """As `update_many`, with the event time of each value in seconds, shape (n,)."""
        return self.update_many(values)

    @abstractmethod
    def update_many(self, values: Numbers) -> Sequence[Alarm]:
        """Learn values, shape (n,), in order; the alarms among them, oldest first."""

    @property
    @abstractmethod
    def mean(self) -> float:
        """The level of the stream now, as the detector sees it; NaN before the first value."""

    @abstractmethod
    def dump(self) -> bytes:
        """The whole state, for `load` of the same library version."""

    @classmethod
    @abstractmethod
    def load(cls, state: bytes) -> "StreamDetector":
        """The detector that `dump` wrote. Raises ValueError if it cannot be read."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """Losses against what was to be expected of each row, as learned from one reference.

    `relative` gives them, shape (rows,), NaN where unknown; their mean stays below `baseline` while
    features relate to the actual as in the reference, however features shift. `identity` tells
    references and settings apart.
    """

    relative: Callable[[Sample], Numbers]
    baseline: float
    identity: str


Expect = Callable[[ModelSpec, Sample], Expectation | None]
"""From labelled rows of a reference; None where they do not say what is to be expected."""


def losses(spec: ModelSpec, sample: Sample) -> npt.NDArray[np.float64]:
    """The loss of each labelled row, shape (rows,), NaN where it cannot be computed.

    Classes: 0 where the prediction is the actual, 1 where it is not (definition of the 0/1 loss).
    Numbers: the absolute error.
    """
    if sample.prediction is None or sample.actual is None:
        return np.full(sample.rows, np.nan)
    if spec.task == "regression":
        return np.abs(
            np.asarray(sample.prediction, np.float64) - np.asarray(sample.actual, np.float64)
        )
    pairs = zip(sample.prediction, sample.actual, strict=True)
    known = np.array([p is not None and a is not None for p, a in pairs], dtype=bool)
    wrong = np.asarray(sample.prediction != sample.actual, np.float64)
    return np.where(known, wrong, np.nan)
