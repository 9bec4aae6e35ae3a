"""What is watched about a model, and how strictly.

Plain values: the wire reads and checks them (`service/schemas.py`), the engine fills in from a
reference what was left out (`engine/infer.py`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar

from monitor.core.errors import ModelNameError, SpecError

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)")
_UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
MONTH = timedelta(days=30)
"""What a budget of false alarms is spent over."""
_STRICT: dict[str, object] = {"extra": "forbid"}  # read by pydantic, where the wire checks a spec


class Task(StrEnum):
    """What the model answers: one of two classes, one of several, or a number."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"


class FeatureType(StrEnum):
    """What the values of a feature are."""

    NUMBER = "number"
    CATEGORY = "category"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"
    TEXT = "text"
    EMBEDDING = "embedding"


class Policy(StrEnum):
    """When findings ask for a new model.

    `on_alert`: any alert of drift or performance. `on_performance`: alerts of performance and of
    concept drift only. `scheduled`: whenever the cooldown has passed. `manual`: never by itself.
    """

    ON_ALERT = "on_alert"
    ON_PERFORMANCE = "on_performance"
    SCHEDULED = "scheduled"
    MANUAL = "manual"


class ConceptMethod(StrEnum):
    """What watches the stream of losses for concept drift."""

    MIXTURE = "mixture"
    CONFORMAL = "conformal"
    ADWIN = "adwin"
    PAGE_HINKLEY = "page_hinkley"
    DDM = "ddm"
    HDDM = "hddm"


class Promote(StrEnum):
    """Whether a challenger that passed the gate answers at once or waits for a person."""

    AUTO = "auto"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """What is normal for one feature. None: not declared, and so inferred from the reference."""

    __pydantic_config__: ClassVar = _STRICT
    type: FeatureType | None = None
    min: float | None = None
    max: float | None = None
    categories: tuple[str, ...] | None = None
    synonyms: Mapping[str, str] = field(default_factory=dict)
    method: str | None = None


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """How event time is cut: every so long; fewer rows than `min_rows` are no evidence of drift."""

    __pydantic_config__: ClassVar = _STRICT
    every: timedelta = timedelta(hours=1)
    min_rows: int = 200


@dataclass(frozen=True, slots=True)
class LabelSpec:
    """How long after a prediction its actual is expected."""

    __pydantic_config__: ClassVar = _STRICT
    expected_within: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Bound:
    """The least and the most that a KPI may be."""

    __pydantic_config__: ClassVar = _STRICT
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True)
class AlertSpec:
    """How many false alarms a month the user accepts from this model."""

    __pydantic_config__: ClassVar = _STRICT
    false_alarms_per_month: float = 1.0


@dataclass(frozen=True, slots=True)
class ConceptSpec:
    """How the stream of losses is watched.

    `run_length` is how many unchanged labelled rows may lie between two false alarms, on average;
    left out, it follows from the false alarms a month and from how fast labelled rows come.
    """

    __pydantic_config__: ClassVar = _STRICT
    method: ConceptMethod = ConceptMethod.MIXTURE
    run_length: float | None = None


@dataclass(frozen=True, slots=True)
class ReferenceSpec:
    """What drift of features and answers is measured against, in place of the reference put.

    `rolling`: all rows of so long before the window. `same_hour_of_week`: the rows at the time of
    the window in so many weeks before it.
    """

    __pydantic_config__: ClassVar = _STRICT
    rolling: timedelta | None = None
    same_hour_of_week: timedelta | None = None


@dataclass(frozen=True, slots=True)
class RetrainSpec:
    """When a new model is trained, from how much, and whether it may take over by itself.

    `budget` bounds the time that tuning may take, all candidates together. `canary` is the share of
    rows that a version answers before it takes over, until actuals have shown that it is not worse.
    `experiments` names what is tried ("lightgbm", "linear on recent", "vote"); none is everything.
    """

    __pydantic_config__: ClassVar = _STRICT
    policy: Policy = Policy.MANUAL
    cooldown: timedelta = timedelta(days=1)
    min_labels: int = 2000
    promote: Promote = Promote.AUTO
    budget: timedelta = timedelta(minutes=1)
    canary: float = 0.0
    experiments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """All that is watched about one model. Only `task` must be declared."""

    __pydantic_config__: ClassVar = _STRICT
    task: Task
    features: Mapping[str, FeatureSpec] = field(default_factory=dict)
    segments: tuple[str | tuple[str, str], ...] = ()
    positive_label: str | None = None
    window: WindowSpec = field(default_factory=WindowSpec)
    labels: LabelSpec = field(default_factory=LabelSpec)
    kpis: Mapping[str, Bound] = field(default_factory=dict)
    alerts: AlertSpec = field(default_factory=AlertSpec)
    retrain: RetrainSpec = field(default_factory=RetrainSpec)
    concept: ConceptSpec = field(default_factory=ConceptSpec)
    reference: ReferenceSpec = field(default_factory=ReferenceSpec)
    gains: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """What a row is worth, in money: by actual class, then by predicted class."""
    rules: Mapping[str, str] = field(default_factory=dict)
    """By name, conditions that every row has to keep (see core/rules.py)."""

    @property
    def positive(self) -> str:
        """The class whose probability `score` is."""
        return "1" if self.positive_label is None else self.positive_label

    @property
    def segment_features(self) -> tuple[tuple[str, ...], ...]:
        """The features by whose values rows are divided: each alone, or two together."""
        return tuple((s,) if isinstance(s, str) else s for s in self.segments)

    @property
    def segment_names(self) -> tuple[str, ...]:
        """The features by whose values rows are divided, those that do it alone."""
        return tuple(s for s in self.segments if isinstance(s, str))


def model_name(name: str) -> str:
    """The name itself. Raises ModelNameError if it cannot stand in an address."""
    if not _NAME.fullmatch(name):
        raise ModelNameError(name)
    return name


def span(text: str) -> timedelta:
    """Read a span such as "90s", "1h" or "1d 12h".

    Raises SpecError if it is no span.

    >>> span("1d 12h")
    datetime.timedelta(days=1, seconds=43200)
    """
    parts = _SPAN.findall(text)
    if not parts or _SPAN.sub("", text).strip():
        raise SpecError(f"{text!r} is no span of time; write it like '30s', '15m', '1h' or '7d'")
    try:
        return sum((float(n) * _UNITS[unit] for n, unit in parts), timedelta())
    except OverflowError:
        raise SpecError(f"{text!r} is longer than any span of time we can hold") from None


def span_text(value: timedelta) -> str:
    """Write a span in its largest whole units.

    >>> span_text(timedelta(hours=36)), span_text(timedelta(seconds=1.5))
    ('1d 12h', '1s 500ms')
    """
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        count, value = divmod(value, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0s"
