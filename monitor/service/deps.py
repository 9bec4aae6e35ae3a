"""Who answers the routes, and how they read what an address or a small body asks for."""

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client import CollectorRegistry

from monitor.core.backtests import Question, Trial
from monitor.core.errors import QueryError
from monitor.core.external import ExternalAlert, Told
from monitor.core.findings import Finding
from monitor.core.ports import (
    Champion,
    Clock,
    FindingLog,
    HalfLog,
    IncidentLog,
    Json,
    PredictionLog,
    ProfileBook,
    ReferenceBook,
    RequestQueue,
    SpecBook,
    TrainingDesk,
)
from monitor.core.resources import ResourceLog
from monitor.core.rows import Rows, moment
from monitor.core.verdicts import RowVerdict
from monitor.core.windows import Window
from monitor.service.capacity import Capacity
from monitor.service.metrics import ServiceMetrics
from monitor.service.row_parts import EARLIEST, LATEST, timestamp
from monitor.service.spec_wire import Known

_NUMBER = re.compile(r"-?\d{1,30}")
"""Epoch milliseconds; Python refuses to read thousands of digits."""


@dataclass(frozen=True, slots=True)
class Rooms:
    """The ports and calls that routes use; `app.py` hands them over.

    check         the engine's: judges every window that starts in the span (all where None),
                  waits for acknowledged rows itself
    performance   the engine's: the items of the performance route, oldest first
    report        the console's: the page about a span (all rows where None)
    backtest      the engine's: tries specs on history and stores nothing
    score         the engine's: judges rows that are stored nowhere
    run_files     the trainer's: the names of files that a run has left
    run_file      the trainer's: one of them
    budget        the engine's: how much of it is spent
    external      the engine's: takes alerts that others raised
    transaction   all that is read and saved inside it happens at once
    ready         None when the service is ready, else why not
    body_limit    bytes that a body may have as it is sent
    capacity      what the bodies that are being taken in may hold together
    """

    specs: SpecBook
    log: PredictionLog
    halves: HalfLog
    profiles: ProfileBook
    references: ReferenceBook
    findings: FindingLog
    incidents: IncidentLog
    desk: TrainingDesk
    champion: Champion
    requests: RequestQueue
    clock: Clock
    check: Callable[[str, Window | None], Sequence[Finding]]
    performance: Callable[[str, Window | None], Sequence[Json]]
    report: Callable[[str, Window | None], str]
    backtest: Callable[[str, Question], Sequence[Trial]]
    score: Callable[[str, Rows], Sequence[RowVerdict]]
    budget: Callable[[str], Json]
    external: Callable[[Sequence[ExternalAlert]], Sequence[Told]]
    run_files: Callable[[str, str], Sequence[str]]
    run_file: Callable[[str, str, str], bytes]
    ready: Callable[[], str | None]
    known: Known
    metrics: ServiceMetrics
    registry: CollectorRegistry
    resources: ResourceLog
    transaction: Callable[[], AbstractContextManager[None]]
    body_limit: int = 256 << 20
    capacity: Capacity = field(default_factory=Capacity)


def span_of(start: object, end: object) -> Window | None:
    """The span between two moments as sent; None where neither is.

    Each is RFC 3339 or epoch milliseconds, as number or text. Raises QueryError.
    """
    if start is None and end is None:
        return None
    first = EARLIEST if start is None else _moment("from", start)
    last = LATEST if end is None else _moment("to", end)
    if last < first:
        raise QueryError("to", "lies before from")
    return Window(first, last)


def whole_span() -> Window:
    """The span that holds every moment that rows are asked for."""
    return Window(EARLIEST, LATEST)


def _moment(name: str, value: object) -> datetime:
    if isinstance(value, str):
        value = int(value) if _NUMBER.fullmatch(value) else _with_plus(value)
    try:
        return min(max(moment(timestamp(value)), EARLIEST), LATEST)
    except ValueError as problem:
        raise QueryError(name, str(problem)) from None


def _with_plus(text: str) -> str:
    """A plus in an address means a space, so `+02:00` comes as ` 02:00`."""
    head, _, tail = text.rpartition(" ")
    return f"{head}+{tail}" if "T" in head.upper() else text
