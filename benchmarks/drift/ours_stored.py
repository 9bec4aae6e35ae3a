"""Sends two parquet files to a store as a reference and a day of predictions, then checks the day.

    python benchmarks/drift/ours_stored.py reference.parquet current.parquet directory

Prints, as JSON, the seconds of the check: the stored profiles read and merged, the reference's
read, and every feature measured. The fastest and the median of 9. Sending and folding do not count.
"""

import json
import resource
import sys
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from builders import NOON, milliseconds, store_at

from monitor.core.rows import Body, Kind
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task, WindowSpec
from monitor.core.windows import Window
from monitor.detectors.drift.univariate import Univariate

# ruff: noqa: T201 - a measurement prints

ARROW = "application/vnd.apache.arrow.stream"
BODY = 50_000
DAY = Window(NOON, NOON + timedelta(days=1))
REPEATS = 9


def bodies(frame: pa.Table, prefix: str) -> list[Body]:
    """Rows as Arrow streams, spread over the day."""
    step = 86_400_000 / frame.num_rows
    names = frame.column_names
    made = []
    for first in range(0, frame.num_rows, BODY):
        part = frame.slice(first, BODY)
        numbers = np.arange(first, first + part.num_rows)
        columns = [part[name].combine_chunks() for name in names]
        batch = pa.record_batch(
            {
                "prediction_id": pa.array([f"{prefix}{i}" for i in numbers]),
                "timestamp": pa.array((milliseconds(NOON) + numbers * step).astype(np.int64)),
                "features": pa.StructArray.from_arrays(columns, names),
                "prediction": pa.array(numbers % 2),
            }
        )
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        made.append(Body(sink.getvalue().to_pybytes(), ARROW))
    return made


def spec_of(frame: pa.Table) -> ModelSpec:
    """Types as the frame has them, and a window of a day."""
    types = {
        field.name: FeatureType.NUMBER if pa.types.is_floating(field.type) else FeatureType.CATEGORY
        for field in frame.schema
    }
    features = {name: FeatureSpec(type=kind) for name, kind in types.items()}
    return ModelSpec(Task.BINARY, features, window=WindowSpec(timedelta(days=1)))


def main() -> None:
    """Fill the store, then measure."""
    before, now = (pq.read_table(path) for path in sys.argv[1:3])
    spec = spec_of(before)
    store = store_at(Path(sys.argv[3]))
    store.catalog.declare("m", spec)
    # A reference is one body: as many of its rows as a service takes at once.
    (reference, *_) = bodies(before, "r")
    store.references.put("m", reference)
    for body in bodies(now, "p"):
        store.predictions.append("m", Kind.PREDICTIONS, body).result(60)
    store.predictions.wait_folded(timedelta(minutes=10))
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        current = store.profiles.profile("m", DAY)
        found = list(Univariate().measure(spec, DAY, store.references.reference("m", ""), current))
        seconds.append(time.perf_counter() - start)
    if current.rows != now.num_rows:
        raise SystemExit(f"{current.rows} of {now.num_rows} rows were in the profiles")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    moved = sum(m.low is not None and m.low > 0.1 for m in found)
    told = {"seconds": min(seconds), "median": float(np.median(seconds)), "peak": peak}
    print(json.dumps(told | {"columns": len(found), "moved": moved}))
    store.close()


if __name__ == "__main__":
    main()
