"""Two days of rows to compare: 20 numbers and 10 categories, a third of which moved."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

NUMBERS, CATEGORIES = 20, 10
_NAMES = np.array([f"value {i}" for i in range(50)])


def write(folder: Path, rows: int) -> tuple[Path, Path]:
    """The parquet files of a reference and of a window, of so many rows each."""
    rng = np.random.default_rng(4)
    paths = folder / "reference.parquet", folder / "current.parquet"
    for path, by in zip(paths, (0.0, 1.0), strict=True):
        pq.write_table(_table(rng, rows, by), path)
    return paths


def _table(rng: np.random.Generator, rows: int, by: float) -> pa.Table:
    columns = {}
    for i in range(NUMBERS):
        moved = by * 0.1 * i if i % 3 == 0 else 0.0
        values = rng.lognormal(moved, 0.5, rows) if i % 4 == 3 else rng.normal(moved, 1, rows)
        if i % 5 == 4:
            values = np.where(rng.random(rows) < 0.05, np.nan, values)
        if i % 5 == 2:
            values = np.round(values * 3)
        columns[f"num_{i:02}"] = pa.array(values, from_pandas=True)
    for i in range(CATEGORIES):
        size = 2 + 5 * i
        shares = 1 / np.arange(1, size + 1) ** (1 + (by * 0.3 if i % 3 == 0 else 0))
        drawn = rng.choice(size, rows, p=shares / shares.sum())
        columns[f"cat_{i:02}"] = pa.array(_NAMES[drawn])
    return pa.table(columns)
