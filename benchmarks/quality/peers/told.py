"""Batches as the programs of others read them, and how what they say of them is counted."""

import json
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pandas as pd

# ruff: noqa: T201 - a measurement prints

Alarms = Callable[[pd.DataFrame], Iterable[str]]
"""The columns that a program complains of in a batch; an empty name is the batch as a whole."""


def measure(learned: Callable[[pd.DataFrame], Alarms]) -> None:
    """Print, as JSON, which faults were named and how many clean batches raised an alarm."""
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    alarms = learned(_frame(folder / "reference.json"))
    named, raised, failed = [], [], []
    for name, features, frame in _batches(folder / "faults"):
        said = _said(alarms, frame, name, failed)
        if said:
            raised.append(name)
        if said & set(features) or (said and not features):
            named.append(name)
    clean = [bool(_said(alarms, f, n, failed)) for n, _, f in _batches(folder / "clean")]
    told = {"named": named, "raised": raised, "clean": sum(clean), "of": len(clean)}
    print(json.dumps(told | {"failed": failed}))


def _said(alarms: Alarms, frame: pd.DataFrame, name: str, failed: list[str]) -> set[str]:
    """What was said; a program that raises has said that something is wrong, and not where."""
    try:
        return set(alarms(frame))
    except Exception as error:
        failed.append(f"{name}: {type(error).__name__}")
        return {""}


def _batches(folder: Path) -> Iterator[tuple[str, list[str], pd.DataFrame]]:
    for path in sorted(folder.glob("*.json")):
        held = json.loads(path.read_text())
        yield held["name"], held["features"], pd.DataFrame(held["columns"])


def _frame(path: Path) -> pd.DataFrame:
    return pd.DataFrame(json.loads(path.read_text())["columns"])
