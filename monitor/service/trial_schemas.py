"""What OpenAPI says of a backtest's answer."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from monitor.service.judgement_schemas import FindingAnswer, SpecAnswer

_STRICT = ConfigDict(extra="forbid", populate_by_name=True)


class DetectorTally(BaseModel):
    """What one detector said of all windows, and the seconds it took."""

    model_config = _STRICT
    detector: str = Field(examples=["drift.univariate"])
    findings: int = Field(examples=[1440])
    alerts: int = Field(examples=[3])
    failures: int = Field(examples=[0])
    seconds: float = Field(examples=[1.9])


class CaughtFault(BaseModel):
    """A fault that was put into history, and what saw it first.

    `delay_seconds` runs from its start to the end of the first window that alerts only because of
    it, which is number `windows` of those that it hits.
    """

    model_config = _STRICT
    kind: str = Field(examples=["shift"])
    feature: str | None = Field(examples=["age"])
    size: float = Field(examples=[0.5])
    start: datetime | None = Field(alias="from", examples=["2026-03-20T00:00:00Z"])
    end: datetime | None = Field(alias="to", examples=["2026-03-31T00:00:00Z"])
    seen: bool = Field(examples=[True])
    detectors: list[str] = Field(examples=[["drift.univariate"]])
    delay_seconds: float | None = Field(examples=[3600.0])
    windows: int | None = Field(examples=[1])


class TrialAnswer(BaseModel):
    """What one spec would have said of history as it is, and what of the faults put into it.

    `alerts` counts findings, `alarms` windows with an alert. A month has 30 days.
    """

    model_config = _STRICT
    spec: SpecAnswer
    start: datetime | None = Field(alias="from", examples=["2026-03-01T00:00:00Z"])
    end: datetime | None = Field(alias="to", examples=["2026-03-31T00:00:00Z"])
    windows: int = Field(examples=[720])
    rows: int = Field(examples=[720000])
    months: float = Field(examples=[1.0])
    findings: int = Field(examples=[15840])
    alerts: int = Field(examples=[4])
    alarms: int = Field(examples=[2])
    incidents: int = Field(examples=[1])
    alarms_per_month: float | None = Field(examples=[2.0])
    incidents_per_month: float | None = Field(examples=[1.0])
    budget_per_month: float = Field(examples=[1.0])
    titles: list[str] = Field(examples=[["Data drift in age"]])
    detectors: list[DetectorTally]
    faults: list[CaughtFault]
    cpu_seconds: float = Field(examples=[12.5])


class BacktestAnswer(BaseModel):
    """The findings that would have alerted, newest first, and the counts of each spec.

    With `faults` the findings are those of history with the faults in it. `more` counts those that
    are left out.
    """

    model_config = _STRICT
    model: str = Field(examples=["loans"])
    items: list[FindingAnswer]
    more: int = Field(examples=[0])
    spec: TrialAnswer
    against: TrialAnswer | None
