"""Synthetic snapshots with every kind of feature, and the other rooms as small as they can be."""

import os
import threading
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.core.errors import UnknownModelError
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, RetrainSpec, Task
from monitor.core.windows import Window
from trainer.directory import RunDirectory
from trainer.production.champion import ChampionServer
from trainer.production.registry import Registry
from trainer.records import Assignment
from trainer.run import run
from trainer.worker import Ports, Worker

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read once, when the first library loads

START = datetime(2026, 1, 1, tzinfo=UTC)
FEATURES = {
    "size": FeatureSpec(FeatureType.NUMBER),
    "noise": FeatureSpec(FeatureType.NUMBER),
    "colour": FeatureSpec(FeatureType.CATEGORY, synonyms={"rouge": "red"}),
    "member": FeatureSpec(FeatureType.BOOLEAN),
    "signup": FeatureSpec(FeatureType.TIMESTAMP),
    "note": FeatureSpec(FeatureType.TEXT),
    "vector": FeatureSpec(FeatureType.EMBEDDING),
}


def spec_of(task, **more):
    return ModelSpec(task=Task(task), features=FEATURES, segments=("colour",), **more)


def table_of(task, rows=600, seed=0, flip=None):
    """A snapshot table; from row `flip` on the relation of features and actual is reversed."""
    rng = np.random.default_rng(seed)
    size, noise = rng.normal(size=rows), rng.normal(size=rows)
    colour = rng.choice(["red", "green", "blue"], rows)
    sign = np.where(np.arange(rows) < (rows if flip is None else flip), 1, -1)
    value = sign * (2 * size + (colour == "red") * 1.5 - 0.7) + rng.normal(scale=0.5, size=rows)
    missing = rng.random(rows) < 0.05
    stamps = [START + timedelta(minutes=i) for i in range(rows)]
    actual = {
        "regression": value.tolist(),
        "binary": np.where(value > 0, "1", "0").tolist(),
        "multiclass": np.select([value < -1, value < 1], ["low", "mid"], "high").tolist(),
    }[task]
    kind = pa.float64() if task == "regression" else pa.string()
    columns = {
        "prediction_id": [f"p{i}" for i in range(rows)],
        "timestamp": pa.array(stamps, pa.timestamp("us", "UTC")),
        "origin": ["reference"] * rows,
        "version": pa.array([""] * rows, pa.string()),
        "prediction": pa.nulls(rows, kind),
        "score": pa.nulls(rows, pa.float64()),
        "actual": pa.array(actual, kind),
        "features.size": pa.array(
            [None if gone else v for v, gone in zip(size.tolist(), missing, strict=True)],
            pa.float64(),
        ),
        "features.noise": pa.array(noise),
        "features.colour": pa.array(colour.tolist(), pa.string()),
        "features.member": pa.array((noise > 0).tolist(), pa.bool_()),
        "features.signup": pa.array([s.replace(tzinfo=None) for s in stamps], pa.timestamp("us")),
        "features.note": pa.array(["a b " * int(abs(n) * 3) for n in noise], pa.string()),
        "features.vector": pa.array([[float(s), 1.0] for s in size], pa.list_(pa.float64())),
    }
    return pa.table(columns)


def write_snapshot(path, table):
    pq.write_table(table, path, compression="zstd")
    stamps = table["timestamp"].to_pylist()
    return {
        "rows": table.num_rows,
        "from": stamps[0].isoformat() if stamps else None,
        "to": stamps[-1].isoformat() if stamps else None,
        "sha256": sha256(path.read_bytes()).hexdigest(),
    }


def run_directory(path, task, table=None, **more):
    """A run directory as the worker leaves it to the child."""
    path.mkdir(parents=True, exist_ok=True)
    directory = RunDirectory(path)
    manifest = write_snapshot(path / "snapshot.parquet", table_of(task) if table is None else table)
    directory.write("snapshot.json", manifest)
    directory.write("request.json", Assignment("m", spec_of(task), **{"trials": 3, **more}))
    return directory


class Specs(dict):
    """SpecBook in memory."""

    def get(self, model):
        try:
            return self[model]
        except KeyError:
            raise UnknownModelError(model, self) from None


class Rows(dict):
    """SnapshotSource: a table a model."""

    def export(self, model, destination, excluded):
        table = self[model]
        stamps = table["timestamp"].to_pylist()
        kept = [not any(w.start <= s < w.end for w in excluded) for s in stamps]
        return write_snapshot(destination, table.filter(pa.array(kept)))

    def label_counts(self, model):
        actual = self[model]["actual"].to_pylist()
        classes = Counter(a for a in actual if isinstance(a, str))
        return {"": len(actual), **classes}


class References(dict):
    """ReferenceBook: the table that each version adopted."""

    def adopt(self, model, version, snapshot):
        self[model, version] = pq.read_table(snapshot)


class Queue(list):
    """RequestQueue in memory."""

    def ask(self, request):
        self.append(replace(request, id=len(self) + 1))
        return len(self)

    def waiting(self):
        return tuple(self)

    def taken(self, request):
        self[:] = [r for r in self if r.id != request]


@dataclass
class House:
    """A worker with its rooms; `now` is what the clock says."""

    data_dir: Path
    now: datetime = START

    def __post_init__(self):
        self.specs, self.rows, self.references = Specs(), Rows(), References()
        self.queue, self.seen = Queue(), []
        self.registry = Registry(self.data_dir / "registry.sqlite")
        self.champions = ChampionServer(self.data_dir, self.registry, self.specs)
        self.unfolded, self.bad, self.decisions = {}, [], []
        ports = Ports(
            self.specs,
            self.rows,
            self.references,
            self.queue,
            lambda model: list(self.seen),
            self.wait_folded,
            self.extent,
            lambda model: list(self.bad),
            self.decisions.append,
        )
        self.worker = Worker(self.data_dir, ports, self.registry, self.champions, self.clock)
        self.stop = threading.Event()

    def clock(self):
        self.now += timedelta(seconds=1)
        return self.now

    def extent(self, model):
        """The event times of all rows of a model."""
        stamps = self.rows[model]["timestamp"].to_pylist()
        return Window(stamps[0], stamps[-1] + timedelta(microseconds=1)) if stamps else None

    def wait_folded(self, timeout):
        """Acknowledged rows become readable, unless `unfolded` says that they cannot."""
        assert timeout >= timedelta(seconds=60)
        if isinstance(self.unfolded, Exception):
            raise self.unfolded
        self.rows |= self.unfolded

    def add(self, model, task, table=None, **retrain):
        retrain = {"budget": timedelta(0), **retrain}
        self.specs[model] = spec_of(task, retrain=RetrainSpec(**retrain))
        self.rows[model] = table_of(task) if table is None else table


@pytest.fixture
def house(tmp_path):
    built = House(tmp_path)
    yield built
    built.worker.close()
    built.registry.close()


@pytest.fixture(scope="session")
def first(tmp_path_factory):
    """The directory of a run that made a first binary model, and the record; not to be changed."""
    directory = run_directory(tmp_path_factory.mktemp("first"), "binary")
    return directory, run(directory)


@pytest.fixture(scope="session")
def made():
    """What tests build with."""
    return SimpleNamespace(
        table=table_of, spec=spec_of, directory=run_directory, features=FEATURES, start=START
    )
