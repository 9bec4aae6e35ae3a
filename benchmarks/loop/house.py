"""The trainer with a stream in place of a service: real runs, gate, registry and trials."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.loop.streams import Stream
from monitor.core.decisions import Decision, RetrainRequest
from monitor.core.spec import FeatureSpec, FeatureType, LabelSpec, ModelSpec, RetrainSpec, Task
from monitor.core.windows import Window
from trainer.attendance import Ended
from trainer.directory import RunDirectory
from trainer.production.champion import ChampionServer
from trainer.production.registry import Registry
from trainer.run import run
from trainer.worker import Ports, Worker

MODEL = "m"


class Here:
    """Runs a directory in this process: it is quicker, and gives the same."""

    def __init__(self, trials: int) -> None:
        self._trials = trials

    def attend(self, path: RunDirectory, _patience: timedelta, _stop: threading.Event) -> Ended:
        path.write("request.json", replace(path.assignment, trials=self._trials))
        try:
            run(path)
        except (ValueError, OSError, ArithmeticError):
            return Ended(1)
        return Ended(0)

    def close(self) -> None:
        """Nothing is left running."""


@dataclass
class House:
    """Rows of a stream up to `known`, as the store would hold them, and the real worker."""

    stream: Stream
    data_dir: Path
    trials: int = 6
    first: int = 0
    known: int = 0
    decisions: list[Decision] = field(default_factory=list)

    def __post_init__(self) -> None:
        names = [f"x{i}" for i in range(self.stream.features.shape[1])]
        self.names = names
        self.spec = ModelSpec(
            Task.BINARY,
            features={name: FeatureSpec(FeatureType.NUMBER) for name in names},
            labels=LabelSpec(self.stream.late * self.stream.step),
            retrain=RetrainSpec(min_labels=300),
        )
        self.said = np.full(len(self.stream.actual), np.nan)
        self.version = np.full(len(self.stream.actual), "", object)
        self.registry = Registry(self.data_dir / "registry.sqlite")
        self.champions = ChampionServer(self.data_dir, self.registry, self)
        ports = Ports(
            specs=self,
            snapshots=self,
            references=self,
            requests=self,
            versions_seen=lambda _: ["1"],
            wait_folded=lambda _: None,
            extent=lambda _: Window(self.stream.moment(0), self.stream.moment(self.known)),
            quarantined=lambda _: self.bad(),
            record=self.decisions.append,
        )
        self.worker = Worker(self.data_dir, ports, self.registry, self.champions, self.clock)
        self.worker._attendant = Here(self.trials)  # type: ignore[assignment]

    def clock(self) -> datetime:
        return self.stream.moment(self.known + self.stream.late)

    def get(self, _: str) -> ModelSpec:
        return self.spec

    def bad(self) -> list[Window]:
        """What quality detectors have told of so far."""
        ends = [(a, b) for a, b in self.stream.bad if a < self.known]
        return [Window(self.stream.moment(a), self.stream.moment(b)) for a, b in ends]

    def adopt(self, *_: object) -> None:
        """References are not looked at here."""

    def waiting(self) -> Sequence[RetrainRequest]:
        return ()

    def label_counts(self, _: str) -> dict[str, int]:
        actual = self._told()[: self.known]
        return {"": self.known, "0": int((actual == 0).sum()), "1": int(actual.sum())}

    def _told(self) -> Any:
        return self.stream.actual if self.stream.told is None else self.stream.told

    def export(self, _: str, path: Path, excluded: Sequence[Window]) -> dict[str, Any]:
        """Every row whose actual has come."""
        keep = np.ones(self.known, bool)
        for window in excluded:
            low = max(0, -(-(window.start - self.stream.moment(0)) // self.stream.step))
            high = max(0, -(-(window.end - self.stream.moment(0)) // self.stream.step))
            keep[low:high] = False
        rows = np.flatnonzero(keep)
        said = self.said[rows]
        asked = ~np.isnan(said)
        table = pa.table(
            {
                "prediction_id": [f"r{i}" for i in rows],
                "timestamp": pa.array(
                    [self.stream.moment(int(i)) for i in rows], pa.timestamp("us", "UTC")
                ),
                "origin": np.where(rows < self.first, "reference", "prediction").tolist(),
                "version": self.version[rows].tolist(),
                "prediction": [
                    str(int(s >= 0.5)) if a else None for s, a in zip(said, asked, strict=True)
                ],
                "score": pa.array(
                    [float(s) if a else None for s, a in zip(said, asked, strict=True)]
                ),
                "actual": [str(a) for a in self._told()[rows]],
                **{
                    f"features.{n}": self.stream.features[rows, k] for k, n in enumerate(self.names)
                },
            }
        )
        pq.write_table(table, path)
        newest = self.stream.moment(int(rows[-1])).isoformat() if len(rows) else None
        return {
            "rows": len(rows),
            "from": None,
            "to": newest,
            "sha256": sha256(path.read_bytes()).hexdigest(),
        }

    def answer(self, rows: range, own: Any) -> None:
        """Have the champion answer rows, the model of the owner while there is none."""
        if self.champions.post(MODEL) is None:
            self.said[rows.start : rows.stop] = own[rows.start : rows.stop]
            self.version[rows.start : rows.stop] = "1"
            return
        x = self.stream.features[rows.start : rows.stop].tolist()
        given = self.champions.answer(MODEL, [dict(zip(self.names, row, strict=True)) for row in x])
        self.said[rows.start : rows.stop] = [a.score for a in given]
        self.version[rows.start : rows.stop] = [a.version for a in given]

    def retrain(self, reason: str) -> str:
        """One run to its end; its status."""
        asked = RetrainRequest(MODEL, reason, self.clock(), confirmed=True)
        name = self.worker.start(asked)
        self.worker.work_once()
        return str(self.worker.run(MODEL, name)["status"])
