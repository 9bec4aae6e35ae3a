"""What is written down about a retraining: Run, Stage, Experiment, Verdict, Reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import cast

import msgspec

from monitor.core.decisions import RetrainRequest
from monitor.core.ports import Json
from monitor.core.spec import ModelSpec


class Status(StrEnum):
    """Where a run or one of its stages stands.

    `rejected`: the gate, or a trial after it, held the challenger back. `on_trial`: the actuals to
    come decide. `failed`: there is no challenger to judge.
    """

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    ON_TRIAL = "on_trial"
    REJECTED = "rejected"
    FAILED = "failed"


class Outcome(StrEnum):
    """What the gate decides; `shadow` leaves it to the actuals that are still to come."""

    PROMOTE = "promote"
    SHADOW = "shadow"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a run, how long it took (seconds), and what came of it in a few words."""

    name: str
    status: Status = Status.QUEUED
    started_at: datetime | None = None
    seconds: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Experiment:
    """One candidate tried on one window of the training rows.

    `metrics` are of the tune rows; `seconds` the time of the fit; one of a run is `chosen`.
    """

    name: str
    candidate: str
    window: str
    parameters: Mapping[str, object]
    metrics: Mapping[str, float]
    seconds: float
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """One check of the gate with its numbers; one that does not block is a warning at most."""

    check: str
    passed: bool
    detail: str
    numbers: Mapping[str, object] = field(default_factory=dict)
    blocks: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of the gate.

    `zone` says how sure the comparison is: `promote`, `shadow` (not worse by much, not surely
    better), `reject`, or `first` where there was no champion to compare with.
    """

    decision: Outcome
    zone: str
    reasons: Sequence[Reason] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """What the child writes down as it goes: `record.json` in the run directory."""

    stages: Sequence[Stage] = ()
    experiments: Sequence[Experiment] = ()
    snapshot: Mapping[str, object] = field(default_factory=dict)
    verdict: Verdict | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """What the child is asked to do: `request.json` in the run directory.

    `budget` bounds tuning; `trials`, where given, bounds it in number instead, so that the same
    assignment gives the same artefact to the byte. `embargo` keeps rows so close (event time)
    before the tune and the gate rows out of training. `anchor` is the first champion there was.
    `confirmed` says that findings told of a changed concept or of worse performance.
    """

    model: str
    spec: ModelSpec
    changed_at: datetime | None = None
    incumbent: str | None = None
    anchor: str | None = None
    confirmed: bool = False
    budget: timedelta = timedelta(minutes=1)
    embargo: timedelta = timedelta(0)
    trials: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """One retraining, from the request to the verdict.

    `asked` tells a person's request from one of the policy: the policy's needs more labels.
    `resumed` that the service stopped while it ran, and that it was queued again.
    """

    id: str
    request: RetrainRequest
    status: Status = Status.QUEUED
    asked: bool = False
    resumed: bool = False
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    version: str | None = None
    error: str | None = None
    record: Record = field(default_factory=Record)

    def as_json(self, trials: Sequence[object] = ()) -> Json:
        """The run as the contract's routes show it, with the trials that it led to."""
        record = cast(Json, msgspec.to_builtins(self.record))
        shown = cast(Json, msgspec.to_builtins(self))
        return {
            "id": self.id,
            "model": self.request.model,
            "status": str(self.status),
            "reason": self.request.reason,
            "incident": self.request.incident,
            "created_at": shown["created_at"],
            "started_at": shown["started_at"],
            "finished_at": shown["finished_at"],
            "stages": record["stages"],
            "experiments": record["experiments"],
            "snapshot": record["snapshot"],
            "verdict": record["verdict"],
            "version": self.version,
            "trials": msgspec.to_builtins(trials),
            "error": self.error or self.record.error,
        }
