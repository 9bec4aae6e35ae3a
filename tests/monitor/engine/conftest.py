"""A house of fakes for the engine: ports kept in lists, detectors that do as they are told."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor.core.detector import Alarm, LabelledDetector, ProfileDetector, StreamDetector
from monitor.core.findings import Measurement, Worse
from monitor.core.ports import LabelledStream, Progress, Training
from monitor.core.profile import Profiles
from monitor.core.rows import microseconds
from monitor.core.spec import ModelSpec, RetrainSpec, Task, WindowSpec
from monitor.core.windows import Sample, Traffic, Window
from monitor.engine.check import Checker
from monitor.engine.ports import Ports
from monitor.engine.round import Round
from monitor.engine.stream import Streams

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def hour(n: int) -> Window:
    return Window(START + n * HOUR, START + (n + 1) * HOUR)


def sample_of(rows: list["Row"], total: int | None = None) -> Sample:
    """A sample of rows with predictions and actuals of classes."""
    return Sample(
        total=len(rows) if total is None else total,
        prediction_ids=[r.id for r in rows],
        timestamps=np.array([microseconds(r.timestamp) for r in rows], np.int64),
        prediction=np.array(["1" for _ in rows], object),
        actual=np.array([r.actual for r in rows], object),
    )


@dataclass
class Row:
    """A prediction of "1", with an actual once `labelled` says so."""

    id: str
    timestamp: datetime
    version: str = "1"
    actual: str = "1"
    place: int = 0
    labelled: int | None = None


@dataclass
class World:
    """All that a store would keep; a transaction that fails puts it back."""

    rows: list[Row] = field(default_factory=list)
    folded: int = 0
    undone: dict[Window, int] = field(default_factory=dict)
    progress: dict[str, Progress] = field(default_factory=dict)
    findings: list = field(default_factory=list)
    numbers: int = 0
    incidents: dict = field(default_factory=dict)
    decisions: list = field(default_factory=list)
    requests: list = field(default_factory=list)


class House:
    """Every port of the engine in one object, for one model called `m`."""

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec
        self.world = World()
        self.past = Training()
        self.now = START + 1000 * HOUR
        self.labels = 10_000
        self.commits = 0
        self.attempts = 0
        self.fail_at: int | None = None
        self.lag = float("nan")
        self.watched: list[tuple[str, bool]] = []

    # What happens outside.

    def predict(self, window: Window, count: int, version: str = "1", **row) -> list[Row]:
        new = [
            Row(f"{len(self.world.rows) + i}", window.start + i * timedelta(seconds=1), version)
            for i in range(count)
        ]
        for made in new:
            self.world.folded += 1
            made.place = self.world.folded
        self.world.rows += new
        self.world.undone[window] = self.world.folded
        return new

    def label(self, rows: list[Row], actual: str) -> None:
        for row in rows:
            self.world.folded += 1
            row.actual, row.labelled = actual, self.world.folded

    # SpecBook, Clock, Champion, SnapshotSource.

    def names(self):
        return ["m"]

    def get(self, model):
        return self.spec

    def consider(self, model, spec):
        return spec

    def __call__(self):
        return self.now

    def training(self, model):
        return self.past

    def label_counts(self, model):
        return {"": self.labels}

    # PredictionLog, ProfileBook, ReferenceBook.

    def wait_folded(self, timeout):
        pass

    def sample(self, model, version, window, limit, *, labelled=False):
        held = [
            r
            for r in self.world.rows
            if r.version == version and window.start <= r.timestamp < window.end
        ]
        chosen = [r for r in held if r.labelled is not None or not labelled]
        return sample_of(chosen[:limit], len(held))

    def profiles(self, model, span, every):
        counts: dict[tuple[Window, str], int] = {}
        for row in self.world.rows:
            if span.start <= row.timestamp < span.end:
                key = (Window.holding(row.timestamp, every), row.version)
                counts[key] = counts.get(key, 0) + 1
        for (window, version), rows in sorted(counts.items()):
            yield window, version, Profiles(rows=rows)

    def traffic(self, model, span, every):
        counts = {}
        for window, version, profiles in self.profiles(model, span, every):
            rows = counts[window].rows if window in counts else 0
            counts[window] = Traffic(window, rows + profiles.rows, self.lag, version)
        return list(counts.values())

    def extent(self, model):
        stamps = [r.timestamp for r in self.world.rows]
        return Window(min(stamps), max(stamps) + timedelta(microseconds=1)) if stamps else None

    def reference(self, model, version):
        return Profiles()

    def reference_sample(self, model, version, limit, *, labelled=False):
        return Sample(0)

    # FindingLog.

    def save(self, findings):
        for finding in findings:
            self.world.numbers += 1
            self.world.findings = [
                f for f in self.world.findings if self._identity(f) != self._identity(finding)
            ]
            self.world.findings.append(replace(finding, number=self.world.numbers))

    @staticmethod
    def _identity(f):
        m = f.measured
        return f.model, f.version, f.window, f.detector, m.method, m.feature, m.segment

    def find(self, query):
        found = [
            f
            for f in self.world.findings
            if (query.span is None or query.span.start <= f.window.start < query.span.end)
            and query.detector in (None, f.detector)
            and query.alert in (None, f.alert)
        ]
        return sorted(found, key=lambda f: -f.number)[: query.limit]

    def latest(self):
        return self.world.findings

    def alerts_after(self, model, number):
        return sorted(
            (f for f in self.world.findings if f.alert and f.number > number),
            key=lambda f: f.number,
        )

    # IncidentLog, RequestQueue.

    def save_incident(self, incident):
        self.world.incidents[incident.id] = incident

    def incidents(self, model=None, *, only_open=False):
        return [i for i in self.world.incidents.values() if i.is_open or not only_open]

    def record(self, decision):
        self.world.decisions.append(decision)

    def ask(self, request):
        self.world.requests.append(request)
        return len(self.world.requests)

    def waiting(self):
        return self.world.requests

    # Ledger.

    @contextmanager
    def transaction(self) -> Iterator[None]:
        before = copy.deepcopy(self.world)
        try:
            yield
            self._commit()
        except BaseException:
            self.world = before
            raise
        self.commits += 1

    def _commit(self):
        self.attempts += 1
        if self.attempts == self.fail_at:
            raise OSError("the disk is full")

    def due(self, model, now):
        newest = max((r.timestamp for r in self.world.rows), default=now)
        return sorted(w for w in self.world.undone if w.end <= newest)

    def done(self, model, window, upto):
        if self.world.undone.get(window, upto + 1) <= upto:
            del self.world.undone[window]

    def folded_upto(self):
        return self.world.folded

    def progress(self, model):
        return self.world.progress.get(model, Progress())

    def advance(self, model, progress):
        self.world.progress[model] = progress

    def newly_labelled(self, model, after):
        new = [r for r in self.world.rows if r.labelled is not None and r.labelled > after]
        new.sort(key=lambda r: r.labelled)
        versions = sorted({r.version for r in new})
        return LabelledStream(
            self.world.folded, {v: sample_of([r for r in new if r.version == v]) for v in versions}
        )

    # Watch.

    def watch(self, detector, seconds, *, failed):
        self.watched.append((detector, failed))

    def round(self, detectors, streams=None, **options) -> Round:
        ports = Ports(
            specs=self,
            log=self,
            profiles=self,
            references=self,
            findings=self,
            incidents=self._incident_log(),
            ledger=self,
            requests=self,
            snapshots=self,
            champion=self,
            clock=self,
        )
        checker = Checker(detectors, None, self.watch)
        return Round(ports, checker, Streams(streams or {}), evaluate, **options)

    def _incident_log(self):
        return self


def evaluate(spec, sample):
    return {"accuracy": (float(np.mean(sample.prediction == sample.actual)), 0.0, 1.0)}


class Told(ProfileDetector):
    """Measures `values`, by hour of the window, as the drift of feature `x`; else 0."""

    name = "drift.univariate"

    def __init__(self, values=None) -> None:
        self.values = values or {}

    def measure(self, spec, window, reference, current):
        value = self.values.get(round((window.start - START) / HOUR), 0.0)
        yield Measurement("jensen_shannon", value, "x", p_value=0.0 if value else 1.0)


class Broken(ProfileDetector):
    """Measures once, then raises."""

    name = "quality.missing"

    def measure(self, spec, window, reference, current):
        yield Measurement("share", 0.0, "x", expected=0.0, p_value=1.0)
        raise RuntimeError("no luck")


class Accuracy(LabelledDetector):
    """The share of right predictions, 0.9 expected; from 30 labelled rows on."""

    name = "performance.realized"

    def measure(self, spec, reference, current):
        if current.rows >= 30:
            value = float(np.mean(current.prediction == current.actual))
            yield Measurement(
                "accuracy", value, worse=Worse.BELOW, expected=0.9, p_value=float(value > 0.85)
            )


class Jump(StreamDetector):
    """Alarms where a run of five losses comes after something better; its state is that run."""

    method = "mixture"

    def __init__(self, run: int = 0, seen: int = 0) -> None:
        self.run, self.seen = run, seen

    def update_many(self, values):
        alarms = []
        for i, value in enumerate(values):
            self.seen += 1
            self.run = self.run + 1 if value > 0.5 else 0
            if self.run == 5:
                alarms.append(Alarm(i, 0.1, 1.0))
        return alarms

    @property
    def mean(self):
        return np.nan if not self.seen else float(self.run > 0)

    def dump(self):
        return f"{self.run} {self.seen}".encode()

    @classmethod
    def load(cls, state):
        return cls(*(int(part) for part in state.decode().split()))


@dataclass(frozen=True)
class Cast:
    """What tests take from here."""

    House = House
    Told = Told
    Broken = Broken
    Accuracy = Accuracy
    Jump = Jump
    Row = Row
    START = START
    HOUR = HOUR
    hour = staticmethod(hour)
    sample_of = staticmethod(sample_of)


@pytest.fixture
def cast():
    return Cast


@pytest.fixture
def spec():
    return ModelSpec(
        Task.BINARY,
        window=WindowSpec(every=HOUR),
        retrain=RetrainSpec(policy="on_alert", min_labels=1000),
    )


@pytest.fixture
def house(spec):
    return House(spec)
