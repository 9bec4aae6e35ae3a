"""Compares two days of 30 features four ways, side by side, and prints seconds and peak memory.

    OMP_NUM_THREADS=1 python benchmarks/drift/speed.py [--rows 1000000] [--evidently PYTHON]
                                                       [--nannyml PYTHON]

Ours from stored profiles, ours from frames, Evidently's DataDriftPreset and NannyML's univariate
calculator: each in a process of its own, one after the other, on the same rows. The peers run in
environments of their own: those of the Pythons named, else made under a temporary folder from
`evidently.txt` and `nannyml.txt`. Loading rows counts on no side. Exits 1 if a bar is missed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from rows import write

# ruff: noqa: T201 - a measurement prints

HERE = Path(__file__).resolve().parent
Told = Mapping[str, float]
STORED_SECONDS = 0.1
FULL_ROWS = 1_000_000


def run(python: str, script: str, *arguments: Path) -> Told:
    """What a script prints."""
    root = str(HERE.parents[1])
    quiet = {"NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1"}
    ours = {"PYTHONPATH": root} if script.startswith("ours") else {}
    command = [python, str(HERE / script), *map(str, arguments)]
    done = subprocess.run(
        command, env=os.environ | quiet | ours, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    told: Told = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def environment(folder: Path, peer: str) -> str:
    """A Python with a peer, made anew."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / peer)], check=True)
    python = str(folder / peer / "bin" / "python")
    wanted = str(HERE / f"{peer}.txt")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", wanted], check=True)
    return python


def missed(told: Mapping[str, Told], rows: int) -> list[str]:
    """The bars that are missed."""
    stored, frame = told["ours, stored profiles"], told["ours, frames"]
    evidently, nannyml = told["Evidently"], told["NannyML"]
    bars = {
        "stored profiles 1,000 times as fast as Evidently": evidently["seconds"]
        >= 1000 * stored["seconds"],
        "stored profiles in 100 ms": stored["seconds"] <= STORED_SECONDS,
        "frames 40 times as fast as Evidently": evidently["seconds"] >= 40 * frame["seconds"],
        "frames 5 times as fast as NannyML": nannyml["seconds"] >= 5 * frame["seconds"],
        "under half the memory of either": frame["peak"]
        < min(evidently["peak"], nannyml["peak"]) / 2,
    }
    of_any_size = {"stored profiles in 100 ms"}
    judged = bars if rows >= FULL_ROWS else {b: bars[b] for b in of_any_size}
    return [bar for bar, met in judged.items() if not met]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=FULL_ROWS)
    for peer in ("evidently", "nannyml"):
        parser.add_argument(f"--{peer}", help=f"a Python that has what {peer}.txt lists")
    given = parser.parse_args()
    if os.environ.get("OMP_NUM_THREADS") != "1":
        raise SystemExit("set OMP_NUM_THREADS=1: all sides are measured on one thread")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pythons = {p: getattr(given, p) or environment(folder, p) for p in ("evidently", "nannyml")}
        files = write(folder, given.rows)
        told = {
            "ours, stored profiles": run(
                sys.executable, "ours_stored.py", *files, folder / "store"
            ),
            "ours, frames": run(sys.executable, "ours_frame.py", *files),
            "NannyML": run(pythons["nannyml"], "nannyml_univariate.py", *files),
            "Evidently": run(pythons["evidently"], "evidently_preset.py", *files),
        }
    print(f"{given.rows:,} rows{'':<14}{'seconds':>9}{'peak MB':>9}{'columns':>9}{'moved':>7}")
    for side, t in told.items():
        line = f"{t['seconds']:>9.3f}{t['peak']:>9.0f}{t['columns']:>9}{t['moved']:>7}"
        print(f"{side:<26}{line}")
    for bar in (bars := missed(told, given.rows)):
        print(f"missed: {bar}")
    sys.exit(bool(bars))


if __name__ == "__main__":
    main()
