"""The data version of a run: its snapshot, verified by hash and split by time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt

from monitor.core.rows import MICROSECOND

_SHARE = 0.15
_ALWAYS = 300
_PER_ROOT = 3.0


@dataclass(frozen=True, slots=True)
class Split:
    """Rows [0, train) learn, [tune, tune_end) choose, [gate, rows) judge; oldest first.

    The gaps between them are the embargo (microseconds).
    """

    train: int
    tune: int
    tune_end: int
    gate: int
    rows: int
    embargo: int = 0


def affordable(timestamps: npt.NDArray[np.int64], embargo: timedelta) -> timedelta:
    """The embargo, or as much of it as costs no more than a third of the tune rows at each cut.

    A model whose actuals take a week would have nothing to learn from in its first days.

    >>> affordable(np.arange(0, 1000), timedelta(microseconds=70))
    datetime.timedelta(microseconds=50)
    """
    cut = split(timestamps)
    rows = (cut.rows - cut.gate) // 3
    spans = [int(timestamps[p] - timestamps[max(0, p - rows)]) for p in (cut.tune, cut.gate)]
    return min(embargo, min(spans) * MICROSECOND)


def split(timestamps: npt.NDArray[np.int64], embargo: timedelta = timedelta(0)) -> Split:
    """Cut ascending event times (microseconds), shape (rows,), into train < tune < gate.

        tune = gate = min(15 % of the rows, max(300, 3 * sqrt(rows)))

    Older rows than that say less about now. A cut never parts rows of one moment, unless the
    newest rows all are of one. Raises ValueError if a part would be empty.

    >>> split(np.arange(1000))
    Split(train=700, tune=700, tune_end=850, gate=850, rows=1000, embargo=0)
    """
    rows = len(timestamps)
    size = round(min(_SHARE * rows, max(_ALWAYS, _PER_ROOT * rows**0.5)))
    gate = _cut(timestamps, rows - size)
    tune = _cut(timestamps[:gate], gate - size)
    gap = embargo // MICROSECOND
    found = Split(
        train=_before(timestamps, tune, gap),
        tune=tune,
        tune_end=_before(timestamps, gate, gap),
        gate=gate,
        rows=rows,
        embargo=gap,
    )
    if not 0 < found.train <= found.tune < found.tune_end <= found.gate < rows:
        raise ValueError(f"{rows} rows are too few to train, tune and judge on")
    return found


def _cut(timestamps: npt.NDArray[np.int64], place: int) -> int:
    """The place, or the first later one (else the first of its moment) where a moment begins."""
    place = min(max(place, 0), len(timestamps) - 1)
    if place <= 0 or timestamps[place - 1] < timestamps[place]:
        return place
    after = int(np.searchsorted(timestamps, timestamps[place], side="right"))
    if after < len(timestamps) and after - place <= len(timestamps) // 10:
        return after
    before = int(np.searchsorted(timestamps, timestamps[place], side="left"))
    return before if before and place - before <= len(timestamps) // 10 else place


def _before(timestamps: npt.NDArray[np.int64], place: int, gap: int) -> int:
    """How many of the rows before a place are older than its moment by more than the gap."""
    if not gap:
        return place
    return int(np.searchsorted(timestamps[:place], timestamps[place] - gap, side="left"))


def verify(path: Path, manifest: Mapping[str, object]) -> str:
    """The hash of a snapshot file. Raises ValueError if it is not the one of its manifest."""
    found = sha256(path.read_bytes()).hexdigest()
    if found != manifest["sha256"]:
        raise ValueError(f"the snapshot is not the file that was exported: {found}")
    return found
