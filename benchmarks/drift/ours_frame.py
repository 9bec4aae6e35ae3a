"""Compares two parquet files, nothing profiled before; prints seconds and findings as JSON.

    python benchmarks/drift/ours_frame.py reference.parquet current.parquet

Loading the files does not count; everything from frames in memory to measurements does.
"""

import json
import resource
import sys
import time
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq

from monitor.core.profile import Bins, Profile, Profiles
from monitor.core.spec import FeatureType, ModelSpec, Task
from monitor.core.windows import Window
from monitor.detectors.drift.univariate import Univariate
from monitor.store.tally import Column, finite, profile_of

# ruff: noqa: T201 - a measurement prints

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def pair(before: pa.Array, now: pa.Array) -> tuple[Profile, Profile]:
    """The profiles of a column of both sides, in bins of the first."""
    number = pa.types.is_floating(before.type)
    kind = FeatureType.NUMBER if number else FeatureType.CATEGORY
    bins = Bins.of(finite(before)) if number else None
    return (
        profile_of(Column(kind, before, bins=bins)),
        profile_of(Column(kind, now, bins=bins)),
    )


def main() -> None:
    """Measure once."""
    pa.set_memory_pool(pa.system_memory_pool())  # Arrow's own keeps what reading has let go
    before, now = (pq.read_table(path) for path in sys.argv[1:3])
    start = time.perf_counter()
    pairs = {
        name: pair(before[name].combine_chunks(), now[name].combine_chunks())
        for name in before.column_names
    }
    sides = [
        Profiles(frame.num_rows, {name: both[i] for name, both in pairs.items()})
        for i, frame in enumerate((before, now))
    ]
    spec, window = ModelSpec(Task.BINARY), Window(DAY, DAY + timedelta(days=1))
    found = list(Univariate().measure(spec, window, *sides))
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    moved = sum(m.low is not None and m.low > 0.1 for m in found)
    print(json.dumps({"seconds": seconds, "peak": peak, "columns": len(found), "moved": moved}))


if __name__ == "__main__":
    main()
