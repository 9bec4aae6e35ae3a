"""All that the gate looks at, as numbers: losses row by row, counts, times, signals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from trainer.records import Reason
from trainer.research.collect import Matrix

Pair = tuple[Matrix, Matrix]
"""Losses of another answer and ours on the same rows, shape (rows,) each, oldest first."""


@dataclass(frozen=True, slots=True)
class Old:
    """Mean losses on rows of the reference: how much of what once held a challenger still knows.

    `drifted` is the chance that the champion does worse on the gate rows than on these, as far as
    the losses tell.
    """

    challenger: float
    champion: float
    constant: float
    rows: int
    drifted: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far scores are off frequencies (numbers: off the mean), and the champion's the same.

    `p_value` is the chance of so much by a challenger that is calibrated.
    """

    value: float
    p_value: float
    champion: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Losses have shape (gate rows,), oldest first.

    `times` are the first and last event times (microseconds) of the train, tune and gate rows,
    `embargo` the gap asked for between them and the one that could be afforded; `per_class` counts
    the rows learned from; `reads` are the features that the challenger reads, `champion_reads`
    those of the champion that have values in the gate rows. `plain` errors are 0/1, or absolute.
    `no_change` are plain errors of the last actual known at the embargo, beside ours. `outside` are
    losses of an outside version beside ours on the rows it answered; it is `live` where it answered
    real traffic, and then it holds the place of a champion. `confirmed` says that findings told of
    a changed concept or worse performance. `segments` has a mask for each value of each feature.
    """

    challenger: Matrix
    constant: Matrix
    plain: Matrix
    times: Mapping[str, tuple[int, int]]
    learned: int
    embargo: tuple[int, int] = (0, 0)
    no_change: Pair | None = None
    linear: Matrix | None = None
    champion: Matrix | None = None
    champion_plain: Matrix | None = None
    champion_version: str | None = None
    anchor: Matrix | None = None
    anchor_version: str | None = None
    old: Old | None = None
    confirmed: bool = False
    outside: Pair | None = None
    live: bool = False
    per_class: Mapping[str, int] = field(default_factory=dict)
    reads: frozenset[str] = frozenset()
    champion_reads: frozenset[str] = frozenset()
    segments: Mapping[str, Mapping[str, npt.NDArray[np.bool_]]] = field(default_factory=dict)
    calibration: Calibration | None = None
    signals: Mapping[str, float | None] = field(default_factory=dict)
    checks: Sequence[Reason] = ()
    seed: int = 0
