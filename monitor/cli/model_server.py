"""One model's champion in a process of its own: predictions, Open Inference, health, metrics."""

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from fastapi import FastAPI

from monitor.core.errors import DataDirectoryError, NotReadyError, UnknownModelError
from monitor.core.ports import Answer, Training
from monitor.core.rows import Accepted, Body, Kind
from monitor.core.spec import FeatureSpec, ModelSpec
from monitor.service.deps import Rooms
from monitor.service.metrics import ServiceMetrics, create_registry
from monitor.service.problems import install_errors
from monitor.service.routes import health, open_inference, predict
from trainer.development import package
from trainer.production.champion import ChampionServer, Serving
from trainer.production.registry import Registry

_LOG = logging.getLogger(__name__)
_EVERY_SECONDS = 1.0


class ModelServer:
    """Answers for one model, and logs what it said to a service where there is one.

    It reads the registry of a data directory and takes each new champion, or has one artefact.
    Keeps Champion, and of SpecBook and PredictionLog what answering needs.
    """

    def __init__(self, model: str, client: Any = None) -> None:
        self.model = model
        self._client = client
        self._registry: Registry | None = None
        self._champions: ChampionServer | None = None
        self._serving: Serving | None = None
        self._refused = ""
        self._stop = threading.Event()
        self._watching: threading.Thread | None = None

    # Where the model comes from

    def hold(self, artefact: Path, version: str | None = None) -> None:
        """Answer with one artefact. Raises DataDirectoryError if it does not load."""
        try:
            packaged = package.load(artefact)
            self._serving = Serving(version or package.digest(artefact)[:12], packaged)
        except (ValueError, OSError) as error:
            raise DataDirectoryError(f"{artefact} holds no artefact that loads: {error}") from error

    def follow(self, data_dir: Path) -> None:
        """Answer with the champion of a data directory, whichever that is.

        Raises DataDirectoryError if nobody has trained there.
        """
        path = data_dir / "registry.sqlite"
        if not path.is_file():
            raise DataDirectoryError(f"{data_dir} has no registry: it is no data directory of ours")
        self._registry = Registry(path)
        self._champions = ChampionServer(data_dir, self._registry, cast(Any, self))
        self.look()
        self._watching = threading.Thread(target=self._watch, name="champion", daemon=True)
        self._watching.start()

    def _watch(self) -> None:
        while not self._stop.wait(_EVERY_SECONDS):
            try:
                self.look()
            except Exception:  # the last good one answers on; said once a look
                _LOG.exception("the registry cannot be read")

    def look(self) -> None:
        """Take the champion of now; one that does not load is refused, and said once."""
        assert self._registry is not None
        assert self._champions is not None
        champion = self._registry.champion(self.model)
        held = self._serving
        if champion is None or (held is not None and held.version == champion.name):
            return
        try:
            self._serving = self._champions.load(champion)
        except (ValueError, OSError) as error:
            if self._refused != champion.name:
                _LOG.error("version %s does not load: %s", champion.name, error)
            self._refused = champion.name

    def close(self) -> None:
        """Send what is left to the service, and let the registry go."""
        self._stop.set()
        if self._watching is not None:
            self._watching.join()
        if self._registry is not None:
            self._registry.close()
        if self._client is not None:
            self._client.close()

    # What the routes ask

    def get(self, model: str) -> ModelSpec:
        """The features as the artefact knows them. Raises UnknownModelError, NotReadyError."""
        if model != self.model:
            raise UnknownModelError(model, [self.model])
        manifest = self._now().packaged.manifest
        return ModelSpec(
            task=manifest.task,
            features={name: FeatureSpec(kind) for name, kind in manifest.features.items()},
        )

    def _now(self) -> Serving:
        if self._serving is None:
            raise NotReadyError(f"model {self.model!r} has no champion that loads yet")
        return self._serving

    def ready(self) -> str | None:
        """Why it cannot answer; None where it can."""
        return None if self._serving else f"model {self.model!r} has no champion that loads yet"

    def answer(self, model: str, features: Sequence[Mapping[str, object]]) -> Sequence[Answer]:
        """One answer a row, in order."""
        self.get(model)
        return self._now().answer(features)

    def training(self, model: str) -> Training:
        """Which version answers."""
        self.get(model)
        return Training(champion=self._now().version)

    def append(self, _model: str, _kind: Kind, body: Body) -> "Future[Accepted]":
        """Hand answers to the client, which sends them in the background."""
        rows = json.loads(body.content)
        if self._client is not None:
            for row in rows:
                self._client.log(row.pop("features"), row.pop("prediction"), **row)
        done: Future[Accepted] = Future()
        done.set_result(Accepted(len(rows), versions={self._now().version: len(rows)}))
        return done


def create_app(server: ModelServer, body_limit: int) -> FastAPI:
    """The routes of serving: predict, Open Inference, health, metrics."""
    registry = create_registry()
    rooms = cast(  # these routes look at nothing else
        Rooms,
        SimpleNamespace(
            specs=server,
            champion=server,
            log=server,
            ready=server.ready,
            metrics=ServiceMetrics(registry),
            registry=registry,
            clock=lambda: datetime.now(UTC),
            body_limit=body_limit,
        ),
    )
    app = FastAPI(title="Watchkeeper model server", docs_url=None, redoc_url=None)
    for group in (predict, open_inference, health):
        app.include_router(group.routes(rooms))
    install_errors(app)
    return app
