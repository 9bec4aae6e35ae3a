"""Estimates 1,000,000 rows of car loans with and without NannyML, and prints the ratio of times.

    OMP_NUM_THREADS=1 python benchmarks/estimation/speed.py [--rows 1000000] [--nannyml PYTHON]

Rows are drawn from the car loan frames; both sides see the same ones, once as one window and once
in windows of 5,000. Times are processor seconds, one thread each. NannyML's CBPE runs in an
environment of its own: that of the Python named, else one is made under a temporary folder from
`requirements.txt`. Loading rows counts on neither side. Ours is the default blend, with refusals
and intervals; of a large window it looks at 20,000 rows. Exits 1 if ours is not 5 times as fast
where all rows are one window: in small windows the trees cost more than CBPE alone, as the table
shows.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tests"))

from frames import FRAMES, SPECS, frame, part  # noqa: E402 - tests are no package

from monitor.core.windows import Sample  # noqa: E402
from monitor.detectors.estimation.classes import ClassEstimator, Estimated  # noqa: E402

# ruff: noqa: T201 - a measurement prints

CHUNK = 5_000
BAR = 5.0


def drawn(sample: Sample, rows: np.ndarray) -> Sample:
    """Rows of a sample by index, without actuals."""
    return Sample(
        total=len(rows),
        prediction_ids=range(len(rows)),  # type: ignore[arg-type]  # only their number counts
        numbers={name: values[rows] for name, values in sample.numbers.items()},
        labels={name: values[rows] for name, values in sample.labels.items()},
        prediction=None if sample.prediction is None else sample.prediction[rows],
        score=None if sample.score is None else sample.score[rows],
    )


def ours(rows: np.ndarray, sizes: list[int]) -> list[tuple[float, float]]:
    """Seconds to fit and to estimate, for each size of windows."""
    reference, sample = frame("car_loan", "reference"), drawn(frame("car_loan", "analysis"), rows)
    found = []
    for size in sizes:
        start = time.process_time()
        estimator = ClassEstimator.fit(SPECS["car_loan"], reference)
        fitted = time.process_time()
        if not isinstance(estimator, ClassEstimator):
            raise SystemExit(estimator.reason)
        for first in range(0, len(rows), size):
            if not isinstance(estimator.estimate(part(sample, first, first + size)), Estimated):
                raise SystemExit("a window was refused: this was no fair run")
        found.append((fitted - start, time.process_time() - fitted))
    return found


def theirs(
    python: str, rows: np.ndarray, sizes: list[int], folder: Path
) -> list[tuple[float, float]]:
    """Seconds to fit and to estimate, for each size of windows."""
    analysis = pd.read_parquet(FRAMES / "car_loan_analysis.parquet").iloc[rows]
    analysis.drop(columns="repaid").reset_index(drop=True).to_parquet(folder / "analysis.parquet")
    script, reference = HERE / "nannyml_cbpe.py", FRAMES / "car_loan_reference.parquet"
    files = [str(script), str(reference), str(folder / "analysis.parquet")]
    one = os.environ | {"OMP_NUM_THREADS": "1", "NML_DISABLE_USAGE_LOGGING": "1"}
    command = [python, *files, *map(str, sizes)]
    run = subprocess.run(command, env=one, check=False, capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(run.stderr)
    found = json.loads(run.stdout.strip().splitlines()[-1])
    if [f["chunks"] for f in found] != [len(rows) // size for size in sizes]:
        raise SystemExit("NannyML estimated other chunks: this was no fair run")
    return [(f["fit"], f["estimate"]) for f in found]


def environment(folder: Path) -> str:
    """A Python with NannyML, made anew."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    python = str(folder / "venv" / "bin" / "python")
    wanted = str(HERE / "requirements.txt")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", wanted], check=True)
    return python


def main() -> None:
    """Print both times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--nannyml", help="a Python that has NannyML 0.13.1")
    given = parser.parse_args()
    if os.environ.get("OMP_NUM_THREADS") != "1":
        raise SystemExit("set OMP_NUM_THREADS=1: both sides are measured on one thread")
    rows = np.random.default_rng(0).integers(0, 50_000, given.rows // CHUNK * CHUNK)
    sizes = [len(rows), CHUNK]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        other = theirs(given.nannyml or environment(folder), rows, sizes, folder)
        own = ours(rows, sizes)
    print(f"{'window':>9}  {'':<9}{'fit s':>7}{'estimate s':>12}{'ratio':>8}")
    for size, known, found in zip(sizes, other, own, strict=True):
        print(f"{size:>9,}  {'NannyML':<9}{known[0]:>7.2f}{known[1]:>12.2f}")
        print(f"{'':>9}  {'ours':<9}{found[0]:>7.2f}{found[1]:>12.2f}{known[1] / found[1]:>8.1f}")
    sys.exit(other[0][1] / own[0][1] < BAR)


if __name__ == "__main__":
    main()
