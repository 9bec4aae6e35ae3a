"""Answers about data, runs and serving as OpenAPI describes them; tests hold every answer to it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

_STRICT = ConfigDict(extra="forbid")
_OPEN = ConfigDict(extra="allow")


class ProblemAnswer(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = _STRICT
    type: str = Field(examples=["urn:watchkeeper:problem:unknown-model"])
    title: str = Field(examples=["Unknown model"])
    status: int = Field(examples=[404])
    detail: str = Field(
        examples=["no model 'loan'; did you mean 'loans'? register it with PUT /v1/models/loan"]
    )
    error: str | None = Field(default=None, description="Under /v2: `detail` once more.")


class RejectedRow(BaseModel):
    """A row that cannot be read at all, by its place in the body, from 0."""

    model_config = _STRICT
    index: int = Field(examples=[7])
    error: str = Field(examples=["timestamp: 'soon' is neither RFC 3339 nor epoch milliseconds"])


class AcceptedAnswer(BaseModel):
    """What became of the rows: when this is sent the accepted ones are on disk."""

    model_config = _STRICT
    accepted: int = Field(examples=[998])
    duplicates: int = Field(examples=[1])
    rejected: list[RejectedRow]


class RowsAnswer(BaseModel):
    """Stored rows as they were sent, and the cursor of the page after.

    `features` holds what was sent and nothing else, each value as it was: null apart from nothing,
    1 apart from 1.0, true and "1". Of a value that did not fit the type of its feature it holds
    what could be read, and `raw` holds the value. NaN and infinity, which JSON does not have, are
    null there and stand in `raw` by name, and `nonfinite` lists where. A feature that is called
    like a part of a row (`score`) stands in `raw` as `features.score`.
    """

    model_config = _STRICT
    items: list[dict[str, Any]] = Field(
        examples=[[{"prediction_id": "a1", "features": {"age": 41}, "prediction": 1, "actual": 0}]]
    )
    next: str | None = None


class RunAnswer(BaseModel):
    """One retraining: stages with times, experiments, snapshot, the gate's verdict and reasons."""

    model_config = _OPEN
    id: str = Field(examples=["20260301-130005-1"])
    status: str = Field(examples=["running"])
    reason: str = Field(examples=["asked for over the API"])


class RunsAnswer(BaseModel):
    """Runs, newest first, and how many requests wait for theirs to begin."""

    model_config = _STRICT
    items: list[RunAnswer]
    waiting: int = Field(examples=[0])


class VersionAnswer(BaseModel):
    """One version of a model."""

    model_config = _OPEN
    version: str = Field(examples=["3"])
    alias: str | None = Field(default=None, examples=["champion"])


class VersionsAnswer(BaseModel):
    """Versions, newest first."""

    model_config = _STRICT
    items: list[VersionAnswer]


class FilesAnswer(BaseModel):
    """The names of files that a run has left."""

    model_config = _STRICT
    items: list[str] = Field(examples=[["explore.html", "model_card.md", "log.txt"]])


class DecisionAnswer(BaseModel):
    """One decision about a model, and why it was taken."""

    model_config = _STRICT
    model: str = Field(examples=["loans"])
    retrain: bool = Field(examples=[False])
    reason: str = Field(examples=["cooldown: 3h of 1d left"])
    decided_at: str = Field(examples=["2026-03-01T13:00:05Z"])
    evidence: dict[str, Any] = Field(default_factory=dict)


class DecisionsAnswer(BaseModel):
    """Decisions, newest first."""

    model_config = _STRICT
    items: list[DecisionAnswer]


class PredictedRow(BaseModel):
    """What the champion answered to one row."""

    model_config = _STRICT
    prediction_id: str = Field(examples=["a1"])
    prediction: str | float = Field(examples=["1"])
    score: float | dict[str, float] | None = Field(examples=[0.83])
    version: str = Field(examples=["3"])


class PredictAnswer(BaseModel):
    """One answer a row, in order; each is stored like any other prediction."""

    model_config = _STRICT
    items: list[PredictedRow]


class HealthAnswer(BaseModel):
    """The service is there."""

    model_config = _STRICT
    status: Literal["alive", "ready"] = Field(examples=["alive"])


class TakenAlert(BaseModel):
    """An alert that was taken, and the incident that it is part of, if it has one yet."""

    model_config = _STRICT
    index: int = Field(examples=[0])
    alert: str = Field(examples=["CheckoutErrors"])
    model: str = Field(examples=["loans"])
    state: Literal["firing", "resolved"] = Field(examples=["firing"])
    incident: str | None = Field(examples=["loans-311"])


class IgnoredAlert(BaseModel):
    """An alert that led to nothing, by its place in the body, and why."""

    model_config = _STRICT
    index: int = Field(examples=[1])
    reason: str = Field(examples=["labels: no label `model` says which model it is about"])


class WebhookAnswer(BaseModel):
    """What became of each alert of the body."""

    model_config = _STRICT
    items: list[TakenAlert]
    ignored: list[IgnoredAlert]


class BudgetAnswer(BaseModel):
    """The budget of false alarms over the 30 days up to the newest row, by event time.

    `expected` is an upper bound of the false alarms to expect of the `tests` that were made;
    `spent` counts the incidents that a person called one, `unjudged` those nobody has judged.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    false_alarms_per_month: float = Field(examples=[1.0])
    start: str | None = Field(alias="from", examples=["2026-02-01T00:00:00Z"])
    end: str | None = Field(alias="to", examples=["2026-03-03T00:00:00Z"])
    tests: int = Field(examples=[14400])
    expected: float = Field(examples=[0.48])
    alerts: int = Field(examples=[4])
    incidents: int = Field(examples=[2])
    spent: int = Field(examples=[1])
    unjudged: int = Field(examples=[0])
    left: float = Field(examples=[0.0])
