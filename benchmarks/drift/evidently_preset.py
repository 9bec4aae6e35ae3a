"""Runs Evidently's DataDriftPreset over two parquet files, in Evidently's own environment.

    python evidently_preset.py reference.parquet current.parquet

Prints seconds, peak memory in MB and columns as JSON. Loading does not count.
"""

import json
import resource
import sys
import time

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

# ruff: noqa: T201 - a measurement prints


def main() -> None:
    """Measure once."""
    before, now = (pd.read_parquet(path) for path in sys.argv[1:3])
    start = time.perf_counter()
    columns = DataDefinition(
        numerical_columns=[c for c in before if c.startswith("num")],
        categorical_columns=[c for c in before if c.startswith("cat")],
    )
    sides = (Dataset.from_pandas(f, data_definition=columns) for f in (now, before))
    found = Report([DataDriftPreset()]).run(*sides).dict()
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    columns_seen = len(found["metrics"]) - 1  # the first counts the others
    moved = int(found["metrics"][0]["value"]["count"])
    told = {"seconds": seconds, "peak": peak, "columns": columns_seen, "moved": moved}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
