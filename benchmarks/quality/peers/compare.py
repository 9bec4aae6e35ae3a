"""What others catch of the library of faults, each in an environment of its own: run by hand.

PYTHONPATH=.:adapters:tests python benchmarks/quality/peers/compare.py \
    --peer pandera=/envs/pandera/bin/python --peer deepchecks=/envs/deepchecks/bin/python

The environments hold what NAME.txt beside this file pins. The table is in docs/quality.md.
"""

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from faults import library
from feed import ABSENT, Feed, Watch, clean

HERE = Path(__file__).parent
REFERENCE, BATCH = 20_000, 2_000


@click.command()
@click.option("--peer", "peers", multiple=True, help="NAME=PYTHON of its environment.")
@click.option("--clean", "batches", default=200, show_default=True, help="Clean batches.")
def main(peers: Sequence[str], batches: int) -> None:
    """Print a table: faults caught with their column named, and clean batches that alarm."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _export(folder, batches)
        results = {"watchkeeper": _ours(batches)}
        for peer in peers:
            label, _, python = peer.partition("=")
            results[label] = _theirs(label, python, folder)
    faults = [fault.name for fault in library()]
    for label, told in results.items():
        click.echo(
            f"{label:<20} names the column of {len(told['named'])} of {len(faults)}, alarms at all "
            f"on {len(told['raised'])}, and on {told['clean']} of {told['of']} clean ones"
        )
    click.echo("\n| fault | " + " | ".join(results) + " |\n|---" * 1 + "|---" * len(results) + "|")
    for fault in faults:
        cells = (_cell(told, fault) for told in results.values())
        click.echo(f"| {fault} | " + " | ".join(cells) + " |")


def _cell(told: Mapping[str, Any], fault: str) -> str:
    if fault in told["named"]:
        return "yes"
    return "elsewhere" if fault in told["raised"] else ""


def _batches(count: int) -> Sequence[tuple[str, tuple[str, ...], Feed]]:
    made = []
    for number, fault in enumerate(library()):
        rng = np.random.default_rng(100 + number)
        made.append((fault.name, fault.features, fault.happen(clean(rng, BATCH, 2), rng)))
    for number in range(count):
        rng = np.random.default_rng(5000 + number)
        made.append((f"clean {number}", (), clean(rng, BATCH, 3 + number)))
    return made


def _ours(count: int) -> dict[str, Any]:
    watch = Watch(clean(np.random.default_rng(0), REFERENCE, 0))
    faults = {fault.name: fault for fault in library()}
    said = {name: watch.alerts(feed) for name, _, feed in _batches(count)}
    quiet = [alerts for name, alerts in said.items() if name not in faults]
    return {
        "named": [n for n, f in faults.items() if any(f.is_named_by(a) for a in said[n])],
        "raised": [name for name in faults if said[name]],
        "clean": sum(map(bool, quiet)),
        "of": len(quiet),
    }


def _theirs(label: str, python: str, folder: Path) -> dict[str, Any]:
    script = HERE / f"by_{label}.py"
    done = subprocess.run(
        [python, script, folder], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _export(folder: Path, count: int) -> None:
    for name in ("faults", "clean"):
        (folder / name).mkdir()
    _write(folder / "reference.json", "", (), clean(np.random.default_rng(0), REFERENCE, 0))
    for number, (name, features, feed) in enumerate(_batches(count)):
        kind = "clean" if name.startswith("clean ") else "faults"
        _write(folder / kind / f"{number:04}.json", name, features, feed)


def _write(path: Path, name: str, features: Sequence[str], feed: Feed) -> None:
    columns = {n: [None if v is ABSENT else v for v in vs] for n, vs in feed.features.items()}
    path.write_text(json.dumps({"name": name, "features": features, "columns": columns}))


if __name__ == "__main__":
    main()
