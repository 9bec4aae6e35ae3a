"""Runs NannyML's univariate calculator over two parquet files, in NannyML's own environment.

    python nannyml_univariate.py reference.parquet current.parquet

Prints seconds, peak memory in MB and columns as JSON. Loading does not count. The window is one
chunk; the default methods.
"""

import json
import resource
import sys
import time

import nannyml
import pandas as pd

# ruff: noqa: T201 - a measurement prints


def main() -> None:
    """Measure once."""
    before, now = (pd.read_parquet(path) for path in sys.argv[1:3])
    start = time.perf_counter()
    calculator = nannyml.UnivariateDriftCalculator(
        column_names=list(before),
        treat_as_categorical=[c for c in before if c.startswith("cat")],
        chunk_size=len(now),
    )
    calculator.fit(before)
    found = calculator.calculate(now).filter(period="analysis").to_df()
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    columns = {name for name, *_ in found.columns} - {"chunk"}
    moved = sum(bool(found[c].xs("alert", axis=1, level=1).iloc[0].any()) for c in columns)
    told = {"seconds": seconds, "peak": peak, "columns": len(columns), "moved": moved}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
