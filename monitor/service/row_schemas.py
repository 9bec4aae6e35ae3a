"""Answers about single rows as OpenAPI describes them."""

from pydantic import BaseModel, ConfigDict, Field

_STRICT = ConfigDict(extra="forbid")


class ProblemOfValue(BaseModel):
    """What is wrong with one value, and which detector would say so of a window."""

    model_config = _STRICT
    feature: str = Field(examples=["gender"])
    detector: str = Field(examples=["quality.category"])
    message: str = Field(examples=["'Mail' is no known category, probably 'Male'"])
    suggestion: str | None = Field(examples=["Male"])


class ScoredRow(BaseModel):
    """How unlike the reference a row is (0 and up), and the features that make it so."""

    model_config = _STRICT
    prediction_id: str | None = Field(examples=["a1"])
    anomaly: bool = Field(examples=[False])
    score: float = Field(examples=[0.7])
    p_value: float = Field(examples=[0.31])
    features: list[str] = Field(examples=[["age"]])
    problems: list[ProblemOfValue]


class ScoreAnswer(BaseModel):
    """One verdict a row, in order; nothing was stored."""

    model_config = _STRICT
    items: list[ScoredRow]
