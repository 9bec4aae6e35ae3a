"""A run on 100,000 rows of 30 features with 20 trials, stage by stage; then single predictions.

python -m benchmarks.loop.size [rows]
"""

import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from monitor.core.spec import ModelSpec, Task
from trainer.development import package
from trainer.directory import RunDirectory
from trainer.records import Assignment
from trainer.run import run

START = datetime(2026, 1, 1, tzinfo=UTC)
_FEATURES = 30


def snapshot(path: Path, rows: int) -> str:
    """A snapshot of rows a minute apart, a fifth of the features categories; its hash."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, _FEATURES))
    push = x[:, 0] + x[:, 1] * x[:, 2] + np.sin(x[:, 3])
    columns = {
        "prediction_id": [f"r{i}" for i in range(rows)],
        "timestamp": pa.array(
            [START + timedelta(minutes=i) for i in range(rows)], pa.timestamp("us", "UTC")
        ),
        "origin": ["reference"] * rows,
        "version": [""] * rows,
        "prediction": pa.nulls(rows, pa.string()),
        "score": pa.nulls(rows, pa.float64()),
        "actual": np.where(rng.random(rows) < 1 / (1 + np.exp(-push)), "1", "0").tolist(),
    }
    for k in range(_FEATURES):
        values = [f"v{int(v)}" for v in x[:, k] * 3] if k % 5 == 4 else x[:, k]
        columns[f"features.x{k}"] = pa.array(values)
    pq.write_table(pa.table(columns), path)
    return sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Run once, and tell the times."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as directory:
        path = RunDirectory(Path(directory))
        path.write("snapshot.json", {"sha256": snapshot(path / "snapshot.parquet", rows)})
        spec = ModelSpec(Task.BINARY)
        path.write("request.json", Assignment("m", spec, trials=20))
        began, cpu = time.perf_counter(), time.process_time()
        record = run(path)
        whole, used = time.perf_counter() - began, time.process_time() - cpu
        for stage in record.stages:
            sys.stdout.write(f"  {stage.name:<10} {stage.seconds:8.2f} s  {stage.note}\n")
        sys.stdout.write(f"{rows} rows: {whole:.1f} s, {used:.1f} s of processor time\n")
        _single(package.load(path / "artefact"))


def _single(packaged: package.Packaged) -> None:
    row = {f"x{k}": ("v1" if k % 5 == 4 else 0.1 * k) for k in range(_FEATURES)}
    times = []
    for _ in range(2000):
        began = time.perf_counter()
        packaged.worded(packaged.answers([row]))
        times.append((time.perf_counter() - began) * 1e3)
    middle, last = np.quantile(times, [0.5, 0.99])
    form = packaged.manifest.form
    sys.stdout.write(f"one row by {form}: p50 {middle:.3f} ms, p99 {last:.3f} ms\n")


if __name__ == "__main__":
    main()
