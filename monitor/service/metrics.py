"""What /metrics shows. What happens is counted; what holds is read from the ports when scraped."""

import threading
from collections import Counter as Counts
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from monitor.core.external import PREFIX
from monitor.core.findings import Finding, Severity
from monitor.core.ports import Champion, Clock, FindingLog, IncidentLog, SpecBook, TrainingDesk
from monitor.core.rows import Accepted, Intake, Kind

METRICS: Mapping[str, str] = {
    "watchkeeper_predictions_total": "Predictions stored since the start, by model and version.",
    "watchkeeper_actuals_total": "Actuals stored since the start, by model.",
    "watchkeeper_rows_rejected_total": (
        "Rows that could not be read since the start, by model and the part that was at fault."
    ),
    "watchkeeper_halves_alone_total": (
        "Requests and responses of a model server that were stored without the other since the "
        "start, by model and side."
    ),
    "watchkeeper_ingest_seconds": (
        "Seconds from the first byte of a body to the answer that its rows are on disk."
    ),
    "watchkeeper_ingest_queue_rows": "Rows that wait to be written to disk.",
    "watchkeeper_rows_duplicate_total": (
        "Predictions whose id had been accepted before, since the start, by model."
    ),
    "watchkeeper_client_dropped_rows_total": (
        "Rows that clients say they had to drop, since the start, by model."
    ),
    "watchkeeper_journal_write_seconds": (
        "Seconds to write a group of bodies to the journal and to wait for the disk."
    ),
    "watchkeeper_journal_bytes": "Bytes of the journal that are not folded into tables yet.",
    "watchkeeper_fold_lag_rows": "Rows that are on disk and cannot be read yet.",
    "watchkeeper_fold_lag_seconds": (
        "Seconds since the oldest of the rows arrived that are on disk and cannot be read yet."
    ),
    "watchkeeper_finding_value": "What a detector measured in the newest window.",
    "watchkeeper_finding_alert": "1 where the newest finding of a detector is an alert, else 0.",
    "watchkeeper_performance": (
        "A KPI of the newest window: realized with actuals, estimated before they come."
    ),
    "watchkeeper_incidents_open": (
        "Incidents that are neither resolved nor muted, by model and severity."
    ),
    "watchkeeper_detector_seconds": "Seconds that a detector took for one window.",
    "watchkeeper_detector_failures_total": (
        "Windows that a detector failed to look at since the start."
    ),
    "watchkeeper_retrain_runs_total": "Finished retrain runs, by model and outcome.",
    "watchkeeper_champion_info": "1 for the version of each model that answers now.",
    "watchkeeper_prediction_latency_seconds": (
        "Seconds that a champion took to answer one call of the predict route."
    ),
}
"""Every metric of ours, and what it means."""

VERSIONS = 20
"""Versions of a model that have a series of their own; the rest is counted as `other`."""
OTHER = "other"
_LONGEST = 64
_CHILDREN = 10_000
_REASONS = frozenset({"row", "features", "prediction_id", "timestamp", "actual"})
_OUTCOMES = ("succeeded", "rejected", "failed")
_INGEST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_DETECTOR = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60)
_LATENCY = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
_FINDING = ("model", "detector", "feature", "segment", "method")


class ServiceMetrics:
    """What happens in this process, counted in the registry that was handed in."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._predictions = _counter("watchkeeper_predictions_total", registry, "model", "version")
        self._actuals = _counter("watchkeeper_actuals_total", registry, "model")
        self._rejected = _counter("watchkeeper_rows_rejected_total", registry, "model", "reason")
        self._alone = _counter("watchkeeper_halves_alone_total", registry, "model", "side")
        self._failures = _counter("watchkeeper_detector_failures_total", registry, "detector")
        self._duplicates = _counter("watchkeeper_rows_duplicate_total", registry, "model")
        self._dropped = _counter("watchkeeper_client_dropped_rows_total", registry, "model")
        self._ingest = _histogram("watchkeeper_ingest_seconds", registry, _INGEST)
        self._journal = _histogram("watchkeeper_journal_write_seconds", registry, _INGEST)
        self._detector = _histogram("watchkeeper_detector_seconds", registry, _DETECTOR, "detector")
        self._latency = _histogram(
            "watchkeeper_prediction_latency_seconds", registry, _LATENCY, "model"
        )
        self._lock = threading.Lock()
        self._versions: dict[str, set[str]] = {}
        self._children: dict[tuple[str, str], Counter] = {}

    def ingested(self, model: str, kind: Kind, done: Accepted, seconds: float) -> None:
        """A body was acknowledged."""
        self._ingest.observe(seconds)
        if kind is Kind.PREDICTIONS:
            self.predicted(model, done)
        elif kind is Kind.ACTUALS:
            self._actuals.labels(model).inc(done.accepted)
        if done.rejected:
            self._reject(model, done)

    def _reject(self, model: str, done: Accepted) -> None:
        reasons = Counts(r.error.partition(":")[0] for r in done.rejected)
        for reason, count in reasons.items():
            self._rejected.labels(model, reason if reason in _REASONS else OTHER).inc(count)

    def predicted(self, model: str, done: Accepted) -> None:
        """Predictions were stored."""
        for version, count in done.versions.items():
            child = self._children.get((model, version))
            if child is None:
                child = self._predictions.labels(model, self._version(model, version))
                if len(self._children) < _CHILDREN:
                    self._children[model, version] = child
            child.inc(count)
        if done.duplicates:
            self._duplicates.labels(model).inc(done.duplicates)

    def dropped(self, model: str, rows: int) -> None:
        """A client has dropped rows since it last said so."""
        self._dropped.labels(model).inc(rows)

    def journaled(self, seconds: float) -> None:
        """A group of bodies was written, and is on disk."""
        self._journal.observe(seconds)

    def alone(self, model: str, side: str) -> None:
        """Half of a prediction was stored without the other."""
        self._alone.labels(model, side).inc()

    def answered(self, model: str, seconds: float) -> None:
        """A champion answered one call."""
        self._latency.labels(model).observe(seconds)

    def watch(self, detector: str, seconds: float, *, failed: bool = False) -> None:
        """A detector looked at a window."""
        self._detector.labels(detector).observe(seconds)
        if failed:
            self._failures.labels(detector).inc()

    def _version(self, model: str, version: str) -> str:
        """The version itself while there are few; senders cannot make series without end."""
        with self._lock:
            known = self._versions.setdefault(model, set())
            if version in known:
                return version
            if len(known) >= VERSIONS or len(version) > _LONGEST:
                return OTHER
            known.add(version)
            return version


def _counter(name: str, registry: CollectorRegistry, *labels: str) -> Counter:
    return Counter(name, METRICS[name], labels, registry=registry)


def _histogram(
    name: str, registry: CollectorRegistry, buckets: Iterable[float], *labels: str
) -> Histogram:
    return Histogram(name, METRICS[name], labels, registry=registry, buckets=tuple(buckets))


def _gauge(name: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, METRICS[name], labels=labels)


@dataclass(frozen=True, eq=False)
class StateCollector(Collector):
    """What holds now, as the ports tell it: it survives restarts and forgets what is gone."""

    specs: SpecBook
    findings: FindingLog
    incidents: IncidentLog
    champion: Champion
    desk: TrainingDesk
    intake: Callable[[], Intake]
    clock: Clock

    def describe(self) -> Iterable[Metric]:
        """Nothing: the ports are not asked before the first scrape."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every gauge of the service, and the finished runs."""
        yield from _waiting(self.intake())
        yield from _findings(self.findings.latest())
        models = self.specs.names()
        yield self._incidents(models)
        yield from self._training(models)

    def _incidents(self, models: Iterable[str]) -> Metric:
        family = _gauge("watchkeeper_incidents_open", "model", "severity")
        now = self.clock()
        held = self.incidents.incidents(only_open=True)
        counts = Counts((i.model, i.severity) for i in held if not i.is_muted(now))
        for model in models:
            for severity in (Severity.WARNING, Severity.CRITICAL):
                family.add_metric([model, severity], counts[model, severity])
        return family

    def _training(self, models: Iterable[str]) -> Iterator[Metric]:
        champions = _gauge("watchkeeper_champion_info", "model", "version")
        name = "watchkeeper_retrain_runs_total"
        runs = CounterMetricFamily(name, METRICS[name], labels=("model", "outcome"))
        for model in models:
            version = self.champion.training(model).champion
            if version is not None:
                champions.add_metric([model, version], 1)
            outcomes = Counts(str(run.get("status")) for run in self.desk.runs(model))
            for outcome in _OUTCOMES:
                runs.add_metric([model, outcome], outcomes[outcome])
        yield champions
        yield runs


def _waiting(intake: Intake) -> Iterator[Metric]:
    for name, value in (
        ("watchkeeper_ingest_queue_rows", intake.queued_rows),
        ("watchkeeper_journal_bytes", intake.journal_bytes),
        ("watchkeeper_fold_lag_rows", intake.unfolded_rows),
        ("watchkeeper_fold_lag_seconds", intake.lag.total_seconds()),
    ):
        family = _gauge(name)
        family.add_metric([], value)
        yield family


def _findings(latest: Iterable[Finding]) -> Iterator[Metric]:
    value = _gauge("watchkeeper_finding_value", *_FINDING)
    alert = _gauge("watchkeeper_finding_alert", *_FINDING)
    performance = _gauge("watchkeeper_performance", "model", "metric", "kind")
    for f in latest:
        if f.detector.startswith(PREFIX):
            continue  # Prometheus has told us of it; hearing it back, it would alert for ever
        m = f.measured
        key = [f.model, f.detector, m.feature or "", m.segment or "", m.method]
        value.add_metric(key, m.value)
        alert.add_metric(key, float(f.alert))
        group, _, kind = f.detector.partition(".")
        whole = m.segment is None and m.feature is None and m.method != "refusal"
        if group == "performance" and whole:
            performance.add_metric([f.model, m.method, kind], m.value)
    yield value
    yield alert
    yield performance


def create_registry() -> CollectorRegistry:
    """A registry of its own, with what is known of the process."""
    registry = CollectorRegistry(auto_describe=True)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry
