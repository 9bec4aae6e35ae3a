"""Who answers the engine."""

from dataclasses import dataclass

from monitor.core.arrivals import ArrivalBook
from monitor.core.ports import (
    Champion,
    Clock,
    FindingLog,
    IncidentLog,
    Ledger,
    PredictionLog,
    ProfileBook,
    ReferenceBook,
    RequestQueue,
    SnapshotSource,
    SpecBook,
)
from monitor.core.resources import ResourceLog
from monitor.core.rules import RuleLog


@dataclass(frozen=True, slots=True)
class Ports:
    """The rooms that the engine reads from and writes to, each behind its port."""

    specs: SpecBook
    log: PredictionLog
    profiles: ProfileBook
    references: ReferenceBook
    findings: FindingLog
    incidents: IncidentLog
    ledger: Ledger
    requests: RequestQueue
    snapshots: SnapshotSource
    champion: Champion
    clock: Clock
    rules: RuleLog | None = None
    resources: ResourceLog | None = None
    arrivals: ArrivalBook | None = None
