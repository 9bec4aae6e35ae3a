"""Answers about models and their judgement as OpenAPI describes them; tests hold each to it."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

_STRICT = ConfigDict(extra="forbid")
_OPEN = ConfigDict(extra="allow")


class Span(BaseModel):
    """Half-open span of event time."""

    model_config = _STRICT
    start: datetime = Field(examples=["2026-03-01T12:00:00Z"])
    end: datetime = Field(examples=["2026-03-01T13:00:00Z"])


class FilledSpan(Span):
    """A window, and how many rows it holds."""

    rows: int = Field(examples=[4200])


class FindingAnswer(BaseModel):
    """One detector's verdict on one model, window and, where it has one, feature and segment."""

    model_config = _STRICT
    id: int = Field(examples=[311])
    model: str = Field(examples=["loans"])
    version: str = Field(examples=["3"])
    window: FilledSpan
    detector: str = Field(examples=["drift.univariate"])
    feature: str | None = Field(examples=["age"])
    segment: str | None = Field(examples=[None])
    method: str = Field(examples=["jensen_shannon"])
    value: float | None = Field(examples=[0.21])
    low: float | None = Field(examples=[None])
    high: float | None = Field(examples=[None])
    expected: float | None = Field(examples=[0.01])
    threshold: float | None = Field(examples=[0.1])
    p_value: float | None = Field(examples=[1e-12])
    level: float | None = Field(examples=[0.001])
    alert: bool = Field(examples=[True])
    severity: Literal["info", "warning", "critical"] = Field(examples=["warning"])
    message: str = Field(examples=["age: distributed otherwise than in the reference"])
    evidence: dict[str, Any] = Field(examples=[{"bins": 10}])
    revised: bool = Field(
        examples=[False],
        description="Whether this detector judged the window before, and otherwise: rows or labels"
        " came late, or the window was not over. Only the newest verdict is kept.",
    )


class FindingsAnswer(BaseModel):
    """Findings, newest first; `next` is the cursor of the page after, null on the last."""

    model_config = _STRICT
    items: list[FindingAnswer]
    next: int | None = Field(default=None, examples=[211])


class Cause(BaseModel):
    """A likely cause, and how much speaks for it (0 to 1)."""

    model_config = _STRICT
    text: str = Field(examples=["age is distributed otherwise since 12:00"])
    weight: float = Field(examples=[0.8])
    detector: str = Field(examples=["drift.univariate"])
    feature: str | None = Field(examples=["age"])


class NoticeAnswer(BaseModel):
    """An event that somebody was told of, or was to be told of."""

    model_config = _STRICT
    channel: str = Field(examples=["slack"])
    event: str = Field(examples=["opened"])
    state: Literal["sent", "waiting", "failed"] = Field(examples=["sent"])
    at: datetime = Field(examples=["2026-03-01T13:00:07Z"])
    attempts: int = Field(examples=[1])
    severity: str = Field(examples=["warning"])
    error: str = Field(examples=[""])


class IncidentAnswer(BaseModel):
    """Findings that belong together, from opening to resolution."""

    model_config = _STRICT
    id: str = Field(examples=["loans-4"])
    model: str = Field(examples=["loans"])
    version: str = Field(examples=["3"])
    state: Literal["open", "acknowledged", "resolved"] = Field(examples=["open"])
    severity: Literal["info", "warning", "critical"] = Field(examples=["warning"])
    title: str = Field(examples=["age drifted"])
    window: Span
    opened_at: datetime = Field(examples=["2026-03-01T13:00:05Z"])
    resolved_at: datetime | None = Field(examples=[None])
    note: str = Field(examples=[""])
    causes: list[Cause]
    findings: list[int] = Field(examples=[[311, 312]])
    reopened: int = Field(examples=[0], description="How often it came back.")
    muted_until: datetime | None = Field(
        examples=[None], description="Until then nobody is told of it."
    )
    false_alarm: bool | None = Field(
        examples=[None], description="What a person said; null while nobody did."
    )
    notices: list[NoticeAnswer]


class IncidentsAnswer(BaseModel):
    """Incidents, newest first."""

    model_config = _STRICT
    items: list[IncidentAnswer]


class SpecAnswer(BaseModel):
    """What holds for a model, with every default filled in; may be sent back as it is."""

    model_config = _STRICT
    task: Literal["binary", "multiclass", "regression"] = Field(examples=["binary"])
    features: dict[str, dict[str, Any]] = Field(examples=[{"age": {"type": "number", "min": 0}}])
    segments: list[str | list[str]] = Field(examples=[["gender"]])
    positive_label: str | None = Field(examples=["1"])
    reference: dict[str, str | None] = Field(examples=[{"rolling": "7d"}])
    window: dict[str, Any] = Field(examples=[{"every": "1h", "min_rows": 200}])
    labels: dict[str, Any] = Field(examples=[{"expected_within": "7d"}])
    kpis: dict[str, dict[str, float | None]] = Field(examples=[{"roc_auc": {"min": 0.8}}])
    alerts: dict[str, Any] = Field(examples=[{"false_alarms_per_month": 1}])
    retrain: dict[str, Any] = Field(examples=[{"policy": "on_alert", "cooldown": "1d"}])
    concept: dict[str, Any] = Field(examples=[{"method": "mixture", "run_length": None}])
    gains: dict[str, dict[str, float]] = Field(
        examples=[{"1": {"1": 40.0, "0": -20.0}, "0": {"1": -100.0, "0": 0.0}}]
    )
    rules: dict[str, str] = Field(examples=[{"adult": "age >= 18 OR product <> 'loan'"}])


class ModelAnswer(BaseModel):
    """A registered model: its spec, who answers now, and how many incidents are open."""

    model_config = _STRICT
    model: str = Field(examples=["loans"])
    task: str = Field(examples=["binary"])
    champion: str | None = Field(examples=["3"])
    incidents_open: int = Field(examples=[0])
    spec: SpecAnswer


class ModelsAnswer(BaseModel):
    """Every registered model, in order of name."""

    model_config = _STRICT
    items: list[ModelAnswer]


class Interval(BaseModel):
    """A KPI and its 95 % interval, where known."""

    model_config = _STRICT
    value: float | None = Field(examples=[0.87])
    low: float | None = Field(examples=[0.84])
    high: float | None = Field(examples=[0.9])


class PerformanceItem(BaseModel):
    """The KPIs of one window."""

    model_config = _OPEN
    window: FilledSpan
    label_coverage: float = Field(examples=[0.4])
    labels_due: Interval | None = Field(
        default=None, description="The share of labels that should be in by now."
    )
    realized: dict[str, Interval]
    estimated: dict[str, Interval]
    refusal: str | None = Field(
        default=None, description="Why nothing is estimated.", examples=[None]
    )


class PerformanceAnswer(BaseModel):
    """KPIs, window by window, oldest first."""

    model_config = _STRICT
    items: list[PerformanceItem]


class Histogram(BaseModel):
    """`counts[i]` values lie from `edges[i]` to `edges[i + 1]`."""

    model_config = _STRICT
    edges: list[float] = Field(examples=[[0, 20, 40]])
    counts: list[int] = Field(examples=[[120, 80]])


class Category(BaseModel):
    """A value and how often it came."""

    model_config = _STRICT
    value: str = Field(examples=["Male"])
    count: int = Field(examples=[120])


class FeatureProfile(BaseModel):
    """What one feature looked like."""

    model_config = _STRICT
    type: str = Field(examples=["number"])
    rows: int = Field(examples=[200])
    missing: int = Field(examples=[3])
    absent: int = Field(examples=[0])
    nonfinite: int = Field(examples=[0])
    misfits: int = Field(examples=[1])
    mean: float | None = Field(examples=[38.2])
    std: float | None = Field(examples=[11.9])
    min: float | None = Field(examples=[18.0])
    max: float | None = Field(examples=[79.0])
    quantiles: dict[str, float | None] | None = Field(examples=[{"0.5": 37.0}])
    histogram: Histogram | None
    categories: list[Category] | None


class ProfileAnswer(BaseModel):
    """What the features, and the model's answers, looked like over a span."""

    model_config = _STRICT
    rows: int = Field(examples=[200])
    features: dict[str, FeatureProfile]
    prediction: FeatureProfile | None = None
    score: FeatureProfile | None = None
    latency_ms: FeatureProfile | None = None
