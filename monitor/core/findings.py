"""What a detector yields, and what becomes of it once judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from monitor.core.windows import Window


class Worse(StrEnum):
    """The side of the threshold on which a value is bad."""

    ABOVE = "above"
    BELOW = "below"


class Severity(StrEnum):
    """How bad an alert is. A finding that is no alert is `info`."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a detector found, unjudged.

    `value`, with its interval `low` to `high` where known, is worse `above` or `below`.
    `expected` is what the reference gives. `p_value` is the chance of a value this bad if nothing
    had changed; None where a declared rule is broken or not, and no chance is in it.
    """

    method: str
    value: float
    feature: str | None = None
    segment: str | None = None
    worse: Worse = Worse.ABOVE
    expected: float | None = None
    p_value: float | None = None
    low: float | None = None
    high: float | None = None
    evidence: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """A judged measurement of one model, version and window.

    Its identity is (model, version, window, detector, method, feature, segment): judging the
    same window again replaces it. `number` counts the findings of the store, in the order saved.
    `revised` says that another verdict on the window stood here: rows or labels came late, or the
    window was not over then.
    """

    model: str
    version: str
    window: Window
    rows: int
    detector: str
    measured: Measurement
    threshold: float | None
    level: float | None
    alert: bool
    severity: Severity
    message: str
    number: int = 0
    revised: bool = False
