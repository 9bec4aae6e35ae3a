"""Features that stand still."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import log
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from monitor.core.detector import SampleDetector
from monitor.core.findings import Measurement
from monitor.core.rows import MICROSECOND
from monitor.core.spec import ModelSpec
from monitor.core.windows import Labels, Numbers, Sample
from monitor.detectors.quality.rows import Ints, codes, in_time

FEWEST = 20
"""Rows of the window, and pairs of the reference, from which a run can be told from chance."""
_OFTEN, _ENOUGH = 30, 100
"""A value that the reference has this often is judged by its own pairs; rarer ones together, where
those have so many pairs, else by all."""
_SHORTEST, _APART = 10, 2.0
"""A run of part of a window has so many rows, and neighbours of the reference are at most so many
times as far apart in time: else nobody knows how long values stay by nature."""
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Constant(SampleDetector):
    """Longest run of rows, in order of time, in which a feature has one and the same value.

        value = rows of the run / rows

    Value    share, above 0 to 1; 1 is a feature that did not move at all; worse above.
    Needs    20 rows; in the reference 20 pairs of rows, next to each other in time and no farther
             apart than a window is long, and a second value.
    Noise    the p-value bounds the chance of a run of L in n rows by n t^(L - 1), where t is how
             often, in the reference or in the rest of the window, the value is followed by
             itself: so values that are frequent, or stay for a while by nature, are expected to.
             It is 1 for part of a window below `min_rows`, or of which neighbours lay farther
             apart before.
    Source   Boole's inequality over the places where a run may begin; t from a Markov chain.
    """

    name: ClassVar[str] = "quality.constant"

    def measure(self, spec: ModelSpec, reference: Sample, current: Sample) -> Iterable[Measurement]:
        """One measurement for each feature that both sides have."""
        if current.rows < FEWEST or reference.rows < FEWEST:
            return
        before, now = in_time(reference), in_time(current)
        gaps = np.diff(reference.timestamps[before])
        near = gaps <= spec.window.every // MICROSECOND
        alike = _alike(gaps[near], np.diff(current.timestamps[now]))
        partly = alike and current.rows >= spec.window.min_rows
        for name, known, values in _shared(reference, current):
            found = _measured(known[before], near, values[now])
            if found is not None:
                share, p_value, first, rows = found
                p_value = p_value if share == 1 or (partly and rows >= _SHORTEST) else 1.0
                ids = [current.prediction_ids[i] for i in now[first : first + rows]]
                evidence = {"rows": rows, "value": _plain(values[now[first]])}
                yield Measurement(
                    "run",
                    share,
                    name,
                    p_value=p_value,
                    evidence=evidence | {"prediction_ids": ids[:_SHOWN]},
                )


def _alike(before: Ints, now: Ints) -> bool:
    """Whether rows next to each other lie about as near in time as those of the reference did."""
    if not len(before) or not len(now):
        return False
    return float(np.median(before)) <= _APART * float(np.median(now))


def _shared(
    reference: Sample, current: Sample
) -> Iterator[tuple[str, Numbers | Labels, Numbers | Labels]]:
    for name, values in current.numbers.items():
        if name in reference.numbers:
            yield name, reference.numbers[name], values
    for name, texts in current.labels.items():
        if name in reference.labels:
            yield name, reference.labels[name], texts


def _measured(
    known: Numbers | Labels, near: npt.NDArray[np.bool_], values: Numbers | Labels
) -> tuple[float, float, int, int] | None:
    """Share and p-value of the longest run, where it begins, and how long it is."""
    both = codes(np.concatenate([known, values]))
    before, now = both[: len(known)], both[len(known) :]
    pairs = near & (before[1:] >= 0) & (before[:-1] >= 0)
    if int(pairs.sum()) < FEWEST or len(np.unique(before[before >= 0])) < 2:
        return None
    first, rows = longest_run(now)
    if not rows:
        return None
    again = _again(before, pairs, int(now[first]))
    outside = np.ones(len(now) - 1, bool)
    outside[max(0, first - 1) : first + rows] = False
    outside &= (now[1:] >= 0) & (now[:-1] >= 0)
    if int(outside.sum()) >= _ENOUGH:
        again = max(again, _again(now, outside, int(now[first])))
    p_value = min(1.0, float(np.exp(log(len(now)) + (rows - 1) * log(again))))
    return rows / len(now), p_value, first, rows


def longest_run(codes: Ints) -> tuple[int, int]:
    """Where the longest run of one code begins, and its length; codes below 0 are no values.

    >>> longest_run(np.array([1, 1, 2, 2, 2, -1, -1, -1, -1]))
    (2, 3)
    """
    if not len(codes):
        return 0, 0
    starts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1]))
    lengths = np.diff(np.append(starts, len(codes)))
    lengths = np.where(codes[starts] < 0, 0, lengths)
    best = int(np.argmax(lengths))
    return int(starts[best]), int(lengths[best])


def _again(before: Ints, pairs: npt.NDArray[np.bool_], value: int) -> float:
    """How often a value is followed by itself, never 0 or 1."""
    held = before[:-1][pairs]
    same = (before[1:] == before[:-1])[pairs]
    times = int((held == value).sum())
    if times >= _OFTEN:
        return float((same[held == value].sum() + 1) / (times + 2))
    _, places, counts = np.unique(held, return_inverse=True, return_counts=True)
    rare = counts[places] < _OFTEN
    if int(rare.sum()) < _ENOUGH:
        rare = np.ones(len(held), bool)
    return float((same[rare].sum() + 1) / (rare.sum() + 2))


def _plain(value: object) -> object:
    """The value as JSON has it; infinity is none."""
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else str(value)
    return value
