"""Synthetic snapshots: rows of every kind of feature, with an actual that can be learned."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task
from trainer.directory import RunDirectory
from trainer.records import Assignment

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


def table_of(task, rows=900, seed=0, flip=None):
    """A snapshot table; from row `flip` on the relation of features and actual is reversed."""
    rng = np.random.default_rng(seed)
    size, noise = rng.normal(size=rows), rng.normal(size=rows)
    colour = rng.choice(["red", "green", "blue"], rows)
    sign = np.where(np.arange(rows) < (rows if flip is None else flip), 1, -1)
    value = sign * (2 * size + (colour == "red") * 1.5 - 0.7) + rng.normal(scale=0.5, size=rows)
    missing = rng.random(rows) < 0.05
    stamps = [START + timedelta(minutes=i) for i in range(rows)]
    actual = {
        "regression": pa.array(value),
        "binary": pa.array(np.where(value > 0, "1", "0").tolist()),
        "multiclass": pa.array(np.select([value < -1, value < 1], ["low", "mid"], "high").tolist()),
    }[task]
    columns = {
        "prediction_id": [f"p{i}" for i in range(rows)],
        "timestamp": pa.array(stamps, pa.timestamp("us", "UTC")),
        "origin": ["reference"] * rows,
        "version": pa.array([""] * rows, pa.string()),
        "prediction": pa.nulls(rows, actual.type),
        "score": pa.nulls(rows, pa.float64()),
        "actual": actual,
        "features.size": pa.array([None if m else v for v, m in zip(size.tolist(), missing)]),
        "features.noise": pa.array(noise),
        "features.colour": pa.array(colour.tolist()),
        "features.member": pa.array((noise > 0).tolist()),
        "features.signup": pa.array(
            [s.replace(tzinfo=None) for s in stamps], pa.timestamp("us")
        ),
        "features.note": pa.array(["a b " * int(abs(n) * 3) for n in noise]),
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


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
