"""A spec tried on history: what is asked, and what it would have said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from monitor.core.findings import Finding
from monitor.core.spec import MONTH, ModelSpec
from monitor.core.windows import Window


class FaultKind(StrEnum):
    """What is done to the rows of a fault, and what its size means.

    `missing`    a share of the values is gone
    `shift`      a number grows by so many standard deviations of the reference
    `scale`      a number is multiplied
    `stuck`      a share of the values becomes one and the same
    `new_value`  a share of the values becomes a category that nobody knows
    `text`       a share of the numbers becomes text
    `wrong`      a share of the actuals becomes another one (a number: 3 standard deviations more)
    """

    MISSING = "missing"
    SHIFT = "shift"
    SCALE = "scale"
    STUCK = "stuck"
    NEW_VALUE = "new_value"
    TEXT = "text"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault to put into history: of a kind and size, into a feature, over a span."""

    kind: FaultKind
    size: float
    feature: str | None = None
    span: Window | None = None

    def hits(self, window: Window) -> bool:
        """Whether the window is wholly inside; None spans everything."""
        return self.span is None or (
            self.span.start <= window.start and window.end <= self.span.end
        )

    def touches(self, window: Window) -> bool:
        """Whether the window has any moment of the span."""
        return self.span is None or (self.span.start < window.end and window.start < self.span.end)


@dataclass(frozen=True, slots=True)
class Question:
    """What to try: a spec, and perhaps another one beside it, on a span with faults in it."""

    spec: ModelSpec
    span: Window | None = None
    against: ModelSpec | None = None
    faults: Sequence[Fault] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """What one detector said, and what it cost."""

    findings: int = 0
    alerts: int = 0
    failures: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Caught:
    """What became of a fault: by which detectors it was seen, and how long after its start.

    `windows` counts those judged from its start on until the first that alerts, that one included.
    """

    fault: Fault
    detectors: Sequence[str] = ()
    delay: timedelta | None = None
    windows: int | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """What one spec would have said of the windows of a span.

    Counts are of history as it is: `alerts` are findings, `alarms` windows with an alert, and
    `incidents` the titles of what those would have become, oldest first. With faults in it,
    `caught` says what became of each. `shown` holds the findings that alert, oldest first, with the
    faults in history if there are any. `seconds` is CPU time of the thread that judged.
    """

    spec: ModelSpec
    span: Window | None = None
    windows: int = 0
    rows: int = 0
    findings: int = 0
    alerts: int = 0
    alarms: int = 0
    incidents: Sequence[str] = ()
    detectors: Mapping[str, Tally] = field(default_factory=dict)
    shown: Sequence[Finding] = ()
    caught: Sequence[Caught] = ()
    seconds: float = 0.0

    @property
    def months(self) -> float:
        """The months that its windows cover, gaps left out."""
        return self.windows * (self.spec.window.every / MONTH)

    def a_month(self, count: int) -> float | None:
        """So many in these windows as so many a month; None where there is no window."""
        return count / self.months if self.windows else None
