"""The routes over rooms that keep everything in lists, and a way to call them."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from desk import Desk
from fastapi import FastAPI

from monitor.core.decisions import Incident, IncidentState
from monitor.core.errors import (
    NoReferenceError,
    UnknownFileError,
    UnknownIncidentError,
    UnknownModelError,
)
from monitor.core.external import Told
from monitor.core.findings import Finding, Measurement, Severity
from monitor.core.profile import Profiles
from monitor.core.rows import Accepted, Intake, Kind
from monitor.core.windows import Window
from monitor.service.bodies import decode
from monitor.service.deps import Rooms
from monitor.service.metrics import ServiceMetrics, StateCollector, create_registry
from monitor.service.problems import install_errors
from monitor.service.router import create_router
from monitor.service.spec_wire import Known

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = Window(NOON, NOON + timedelta(hours=1))


class Specs:
    def __init__(self):
        self.kept = {}

    def declare(self, model, spec):
        self.kept[model] = spec
        return spec

    def get(self, model):
        if model not in self.kept:
            raise UnknownModelError(model, self.kept)
        return self.kept[model]

    def names(self):
        return sorted(self.kept)


INTAKE = Intake(queued_rows=3, unfolded_rows=7, journal_bytes=900, lag=timedelta(seconds=2))


@dataclass
class Log:
    """Rows by id; what was appended, and a failure to raise instead where one is set."""

    specs: Specs
    rows: dict = field(default_factory=dict)
    bodies: list = field(default_factory=list)
    failure: Exception | None = None
    waited: int = 0

    def append(self, model, kind, body):
        self.specs.get(model)
        shallow = decode(body, kind, shallow=True)
        self.bodies.append((model, kind, body))
        future = Future()
        if self.failure:
            future.set_exception(self.failure)
        else:
            future.set_result(self._stored(kind, shallow))
        return future

    def submit(self, model, kind, body, told):
        future = self.append(model, kind, body)
        future.add_done_callback(lambda done: told(done.exception() or done.result()))

    def flush(self):
        """Everything is told at once."""

    def _stored(self, kind, rows):
        rejected = {r.index for r in rows.rejected}
        ids = rows.columns.get("prediction_id", [None] * rows.size)
        versions = rows.columns.get("version", [None] * rows.size)
        accepted, duplicates, counts = 0, 0, {}
        for i in set(range(rows.size)) - rejected:
            if kind is Kind.PREDICTIONS and ids[i] is not None and ids[i] in self.rows:
                duplicates += 1
                continue
            accepted += 1
            self.rows[ids[i]] = {"prediction_id": ids[i], "version": versions[i]}
            counts[versions[i] or ""] = counts.get(versions[i] or "", 0) + 1
        return Accepted(accepted, duplicates, rows.rejected, counts)

    def wait_folded(self, timeout):
        self.waited += 1

    def by_id(self, model, ids):
        return [self.rows[i] for i in ids if i in self.rows]

    def by_time(self, model, span, limit, after=None):
        rows = list(self.rows.values())
        start = int(after or 0)
        more = str(start + limit) if start + limit < len(rows) else None
        return rows[start : start + limit], more

    def put(self, model, body):
        self.specs.get(model)
        rows = decode(body, Kind.REFERENCE)
        return Accepted(rows.size - len(rows.rejected), 0, rows.rejected)


@dataclass
class Halved:
    """Halves in a list."""

    kept: list = field(default_factory=list)

    def add(self, halves):
        future = Future()
        future.set_result([half not in self.kept for half in halves])
        self.kept += halves
        return future


@dataclass
class Judged:
    """Findings and incidents."""

    findings: list = field(default_factory=list)
    kept: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)
    decided: list = field(default_factory=list)

    def find(self, query):
        self.asked.append(query)
        chosen = [
            f
            for f in reversed(self.findings)
            if (query.before is None or f.number < query.before)
            and query.detector in {None, f.detector}
            and query.feature in {None, f.measured.feature}
            and query.alert in {None, f.alert}
        ]
        return chosen[: query.limit]

    def latest(self):
        return self.findings

    def decisions(self, model, limit=100):
        return self.decided[:limit]

    def save_incident(self, incident):
        self.kept[incident.id] = incident

    def incident(self, model, incident):
        if incident not in self.kept:
            raise UnknownIncidentError(model, incident)
        return self.kept[incident]

    def incidents(self, model=None, *, only_open=False):
        return [i for i in self.kept.values() if i.is_open or not only_open]


@dataclass
class Profiled:
    profiles_of: Profiles = field(default_factory=Profiles)
    span: Window | None = None

    def profile(self, model, span):
        self.span = span
        return self.profiles_of

    def extent(self, model):
        return HOUR if self.profiles_of.rows else None


class House:
    """Every room, and the app over them."""

    def __init__(self, **options):
        self.specs = Specs()
        self.log = Log(self.specs)
        self.halved = Halved()
        self.judged = Judged()
        self.training = Desk()
        self.profiled = Profiled()
        self.checked = []
        self.tried = []
        self.told = []
        self.trials = []
        self.verdicts = None
        self.starting = None
        registry = create_registry()
        registry.register(
            StateCollector(
                self.specs,
                self.judged,
                self.judged,
                self.training,
                self.training,
                lambda: INTAKE,
                lambda: NOON,
            )
        )
        self.rooms = Rooms(
            specs=self.specs,
            log=self.log,
            halves=self.halved,
            profiles=self.profiled,
            references=self.log,
            findings=self.judged,
            incidents=self.judged,
            desk=self.training,
            champion=self.training,
            requests=self.training,
            clock=lambda: NOON,
            check=self.check,
            performance=self.performance,
            report=lambda model, span: f"<p>{model} {span}</p>",
            backtest=self.backtest,
            external=self.external,
            run_files=lambda model, run: [self.training.run(model, run)["id"] + ".txt"],
            run_file=self.run_file,
            budget=self.budget,
            score=self.score,
            ready=lambda: self.starting,
            known=Known({"roc_auc", "accuracy"}, {"psi", "jensen_shannon"}),
            metrics=ServiceMetrics(registry),
            registry=registry,
            resources=self.log,
            transaction=nullcontext,
        )
        self.rooms = replace(self.rooms, **options)
        self.app = FastAPI(title="Watchkeeper")
        self.app.include_router(create_router(self.rooms))
        install_errors(self.app)

    def check(self, model, span):
        self.checked.append(span)
        return self.judged.findings

    def performance(self, model, span):
        self.checked.append(span)
        window = {"start": NOON, "end": NOON, "rows": 4}
        kpi = {"value": float("nan"), "low": None, "high": 1.0}
        return [{"window": window, "label_coverage": 0.5, "realized": {"f1": kpi}, "estimated": {}}]

    def score(self, model, rows):
        if self.verdicts is None:
            raise NoReferenceError(model, "it has none")
        return self.verdicts[: rows.size]

    def run_file(self, model, run, name):
        self.training.run(model, run)
        files = {"explore.html": b"<h1>rows</h1>", "log.txt": b"said"}
        if name not in files:
            raise UnknownFileError(run, name, files)
        return files[name]

    def budget(self, model):
        self.specs.get(model)
        counts = dict.fromkeys(("tests", "alerts", "incidents", "spent", "unjudged"), 0)
        span = {"from": NOON, "to": NOON}
        return {"false_alarms_per_month": 1.0, **span, **counts, "expected": 0.25, "left": 1.0}

    def external(self, alerts):
        self.told += alerts
        return [
            Told(a, None if a.name == "Known" else "i1", "known" if a.name == "Known" else "")
            for a in alerts
        ]

    def backtest(self, model, question):
        self.tried.append(question)
        return self.trials

    def ask(self, method, path, app=None, **options):
        async def call():
            transport = httpx.ASGITransport(app or self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path, **options)

        return asyncio.run(call())

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def post(self, path, **options):
        return self.ask("POST", path, **options)

    def put(self, path, **options):
        return self.ask("PUT", path, **options)


@pytest.fixture
def house():
    """The service with one model, `loans`."""
    house = House()
    assert house.put("/v1/models/loans", json={"task": "binary"}).status_code == 200
    return house


@pytest.fixture(scope="session")
def house_with():
    """A service whose rooms have other options."""
    return House


def finding(number=1, detector="drift.univariate", feature="age", **parts) -> Finding:
    measured = Measurement("psi", 0.3, feature, p_value=1e-9, evidence={"bins": 10})
    made = Finding(
        "loans", "3", HOUR, 420, detector, measured, 0.1, 0.001, True, Severity.WARNING, "m", number
    )
    return replace(made, **parts)


def incident(name="i1", **parts) -> Incident:
    made = Incident(name, "loans", "3", IncidentState.OPEN, Severity.WARNING, "age", HOUR, NOON)
    return replace(made, **parts)


@pytest.fixture
def make() -> Mapping:
    """Makers of values."""
    return {"finding": finding, "incident": incident}


@pytest.fixture
def problem_of():
    """The problem document of an answer, held against what the contract says of it."""

    def check(answer, status):
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        document = answer.json()
        known = {"error"} if answer.request.url.path.startswith("/v2") else set()
        assert document.keys() == {"type", "title", "status", "detail"} | known
        assert document["status"] == status
        assert document["type"].startswith("urn:watchkeeper:problem:")
        assert "Traceback" not in document["detail"]
        return document["detail"]

    return check
