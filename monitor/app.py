"""The roof: wires the rooms, and starts and stops what runs in them."""

import logging
import threading
from contextlib import ExitStack
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from apscheduler.schedulers.background import BackgroundScheduler
from fastapi import FastAPI
from fastapi_swagger import patch_fastapi
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp

from monitor.console.report import Report
from monitor.console.status import StatusPage
from monitor.core.ports import Clock
from monitor.detectors import ARRIVALS, DETECTORS, FITTED, STREAMS, TRAFFIC, USAGE
from monitor.detectors.anomaly.judge import Judge
from monitor.detectors.drift.distances import METHODS
from monitor.detectors.performance.estimated import estimate
from monitor.detectors.performance.kpis import KPIS
from monitor.detectors.performance.realized import evaluate
from monitor.detectors.performance.segments import GAPS
from monitor.detectors.quality.cure import cure
from monitor.engine.backtest import Backtest
from monitor.engine.check import Checker
from monitor.engine.external import External
from monitor.engine.history import History
from monitor.engine.infer import infer
from monitor.engine.ports import Ports
from monitor.engine.round import Round
from monitor.engine.scoring import Scoring
from monitor.engine.spending import spending
from monitor.engine.stream import Streams
from monitor.engine.thresholds import declared_kpi
from monitor.notify.notifier import Notifier
from monitor.notify.told import channels
from monitor.service.decoder import BodyDecoder
from monitor.service.deps import Rooms
from monitor.service.ingestion import Ingress
from monitor.service.metrics import ServiceMetrics, StateCollector, create_registry
from monitor.service.problems import install_errors
from monitor.service.router import create_router
from monitor.service.spec_wire import Known
from monitor.settings import Settings
from monitor.store.halves import Halves
from monitor.store.rules import StoredRules
from monitor.store.store import Store, open_store
from monitor.store.unstored import Unstored
from trainer.production.champion import ChampionServer
from trainer.production.registry import Registry
from trainer.research.experiments import EXPERIMENTS
from trainer.worker import Ports as TrainerPorts
from trainer.worker import Worker

_LOG = logging.getLogger(__name__)
_RESOURCES = (
    ("resource.latency", ("p50", "p95", "p99")),
    ("resource.throughput", ("rows_per_second", "error_share")),
    ("resource.memory", ("peak_bytes", "gpu_peak_bytes")),
    ("resource.cpu", ("mean_cores", "gpu_mean_share")),
    ("resource.cost", ("per_1000",)),
)
_KNOWN = Known(
    kpis={name for kpis in KPIS.values() for name in kpis}
    | {*GAPS}
    | {declared_kpi(detector, method) for detector, methods in _RESOURCES for method in methods},
    methods=frozenset(METHODS),
    experiments=frozenset(EXPERIMENTS),
)


def utc_now() -> datetime:
    """The clock of the service."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class House:
    """All rooms of a running service; `close` ends them in the order that loses nothing."""

    app: ASGIApp
    api: FastAPI
    store: Store
    round: Round
    closing: ExitStack

    def close(self) -> None:
        """Finish what runs, write what was acknowledged, let the data directory go."""
        self.closing.close()


def open_house(settings: Settings, clock: Clock = utc_now) -> House:
    """Open the data directory and start everything that runs beside the API.

    Raises DataDirectoryError, JournalDamagedError.
    """
    stopping = threading.Event()
    metrics_registry = create_registry()
    metrics = ServiceMetrics(metrics_registry)
    with ExitStack() as closing:
        store = open_store(
            settings.data_dir,
            decoder=BodyDecoder(settings.max_body_bytes),
            infer=infer,
            clock=clock,
            idle=settings.idle,
            wrote=metrics.journaled,
        )
        closing.callback(store.close)
        registry = Registry(settings.data_dir / "registry.sqlite")
        closing.callback(registry.close)
        champions = ChampionServer(settings.data_dir, registry, store.catalog)
        for model, said in champions.restore().items():
            _LOG.error("model %s: %s", model, said)
        halves = Halves(
            settings.data_dir / "halves", store.predictions, clock, metrics.predicted, metrics.alone
        )
        closing.callback(halves.close)
        ports = _ports(store, champions, clock)
        checker = Checker(DETECTORS, store.predictions, metrics.watch, cure)
        streams = Streams(STREAMS, FITTED.expectation)
        estimates = partial(estimate, FITTED)
        engine = Round(
            ports, checker, streams, evaluate, stopping.is_set, TRAFFIC, estimates, USAGE, ARRIVALS
        )
        worker = _worker(settings.data_dir, store, registry, champions, clock)
        rooms = Rooms(
            specs=store.catalog,
            log=store.predictions,
            halves=halves,
            profiles=store.profiles,
            references=store.references,
            findings=store.findings,
            incidents=store.incidents,
            desk=worker,
            champion=champions,
            requests=store.incidents,
            clock=clock,
            check=engine.check,
            report=Report(
                store.catalog, store.findings, store.profiles, store.references, clock
            ).draw,
            performance=engine.performance,
            budget=partial(spending, ports),
            external=External(ports, engine.conclude),
            score=Scoring(
                store.catalog, store.references, champions, Unstored(store.catalog), Judge()
            ),
            backtest=Backtest(ports, checker, streams, stopping.is_set),
            run_files=worker.files,
            run_file=worker.file,
            ready=lambda: "the service is stopping" if stopping.is_set() else None,
            known=_KNOWN,
            metrics=metrics,
            registry=metrics_registry,
            resources=store.resources,
            transaction=store.ledger.transaction,
            body_limit=settings.max_body_bytes,
        )
        metrics_registry.register(
            StateCollector(
                store.catalog,
                store.findings,
                store.incidents,
                champions,
                worker,
                store.door.intake,
                clock,
            )
        )
        _start_worker(worker, stopping, closing)
        _start_rounds(engine, _notifier(settings, store, clock), settings, closing)
        closing.callback(stopping.set)
        api = _api(rooms)
        return House(Ingress(api, rooms), api, store, engine, closing.pop_all())


def _ports(store: Store, champions: ChampionServer, clock: Clock) -> Ports:
    """Who answers the engine."""
    return Ports(
        specs=store.catalog,
        log=store.predictions,
        profiles=store.profiles,
        references=store.references,
        findings=store.findings,
        incidents=store.incidents,
        ledger=store.ledger,
        requests=store.incidents,
        snapshots=store.snapshots,
        champion=champions,
        clock=clock,
        rules=StoredRules(store.database, store.catalog, store.references),
        resources=store.resources,
        arrivals=store.arrivals,
    )


def _worker(
    data_dir: Path, store: Store, registry: Registry, champions: ChampionServer, clock: Clock
) -> Worker:
    ports = TrainerPorts(
        specs=store.catalog,
        snapshots=store.snapshots,
        references=store.references,
        requests=store.incidents,
        versions_seen=store.profiles.versions,
        wait_folded=store.predictions.wait_folded,
        extent=store.profiles.extent,
        quarantined=History(store.findings).bad,
        record=store.incidents.record,
    )
    return Worker(data_dir, ports, registry, champions, clock)


def _start_worker(worker: Worker, stopping: threading.Event, closing: ExitStack) -> None:
    thread = threading.Thread(target=worker.run_forever, args=(stopping,), name="trainer")
    thread.start()
    closing.callback(thread.join)


def _notifier(settings: Settings, store: Store, clock: Clock) -> Notifier | None:
    """None where the settings name nobody to tell."""
    said = {f.name: getattr(settings, f.name) for f in fields(settings)}
    to = channels(said)
    if not to:
        return None
    per_hour = settings.notify_per_hour
    return Notifier(store.incidents, store.ledger.transaction, to, clock, per_hour)


def _start_rounds(
    engine: Round, notifier: Notifier | None, settings: Settings, closing: ExitStack
) -> None:
    """Rounds one after the other: one that takes long makes the next ones wait, not pile up."""
    scheduler = BackgroundScheduler(timezone=UTC)
    seconds = settings.round_every.total_seconds()
    scheduler.add_job(engine.tick, "interval", seconds=seconds, coalesce=True, max_instances=1)
    if notifier is not None:
        scheduler.add_job(
            notifier.tick, "interval", seconds=seconds, coalesce=True, max_instances=1
        )
    scheduler.start()
    closing.callback(scheduler.shutdown)


def _api(rooms: Rooms) -> FastAPI:
    app = FastAPI(
        title="Watchkeeper",
        version="0.1.0",
        description="Watches deployed models, says what went wrong, and trains the better one.",
        docs_url=None,  # FastAPI's own pages load their scripts from elsewhere
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    patch_fastapi(app, redirect_from_root_to_docs=False)
    app.include_router(create_router(rooms))
    install_errors(app)
    page = StatusPage(rooms.specs, rooms.findings, rooms.incidents, rooms.champion, rooms.clock)

    @app.get("/", include_in_schema=False)
    def get_status() -> HTMLResponse:
        """The status page."""
        return HTMLResponse(page.draw())

    return app
