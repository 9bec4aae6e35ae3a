"""Cleans: rows that teach nothing go, extremes are bounded, and what was learned is recorded."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor.core.spec import FeatureType, ModelSpec, Task
from trainer.research.collect import HEAD, Examples, Matrix

_TAIL = 0.001
_FEWEST_OF_LABEL = 5
_ODD_SHARE = 0.05
_FEWEST_OF_UPLOAD = 2


@dataclass(frozen=True, slots=True)
class Bounds:
    """The span in which values of a feature are taken as they are; others count as its ends."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What was removed, by reason, and the bounds of each number; replayed on serving."""

    removed: Mapping[str, int] = field(default_factory=dict)
    bounds: Mapping[str, Bounds] = field(default_factory=dict)


def usable(examples: Examples, task: Task, seed: int = 0) -> tuple[Examples, Mapping[str, int]]:
    """The rows that can be learned from, oldest first, and how many were left out, by reason.

    Left out: rows without an actual, rows whose id comes again later, and exact repeats. Rows
    count as repeats only where most times are distinct: with coarse times equal rows are honest.
    Rows of one moment have no order and are shuffled: a file sorted by its label says nothing.
    """
    examples = _references_first(examples)
    order = np.argsort(examples.timestamps, kind="stable")
    examples = examples.chosen(order)
    answered = has_actual(examples, task)
    unlabelled = int((~answered).sum())
    examples = examples.chosen(answered)
    last = {i: row for row, i in enumerate(examples.column("prediction_id"))}
    kept = np.zeros(examples.rows, bool)
    kept[list(last.values())] = True
    again = int((~kept).sum())
    examples = examples.chosen(kept)
    repeats = _repeats(examples)
    removed = {"no actual": unlabelled, "same id": again, "repeated": int(repeats.sum())}
    return _shuffled(examples.chosen(~repeats), seed), removed


def _references_first(examples: Examples) -> Examples:
    """Reference rows without times share the moment of their upload: they count as oldest.

    Their moment becomes the microsecond before the first prediction, where it is not earlier.
    """
    stamps, ours = examples.timestamps, examples.column("origin") == "reference"
    if ours.sum() < _FEWEST_OF_UPLOAD or ours.all() or len(np.unique(stamps[ours])) > 1:
        return examples
    stamps = np.where(ours, np.minimum(stamps, stamps[~ours].min() - 1), stamps)
    place = examples.table.column_names.index("timestamp")
    moments = pa.array(stamps, pa.timestamp("us", "UTC"))
    return Examples(examples.table.set_column(place, "timestamp", moments))


def _shuffled(examples: Examples, seed: int) -> Examples:
    """By time, and rows of one moment by chance."""
    chance = np.random.default_rng(seed).permutation(examples.rows)
    return examples.chosen(np.lexsort((chance, examples.timestamps)))


def without_odd_labels(examples: Examples, spec: ModelSpec) -> tuple[Examples, int]:
    """Leave out rows whose label is hardly ever seen ("N/A", say), and how many they were.

    Of a binary model the positive label and the most frequent other stay, or the two most
    frequent; of a multiclass model those with 5 rows or more, and all where more than 5 % of the
    rows would go: a long tail is no accident. Raises ValueError where more than 5 % of the rows
    of a binary model would go.
    """
    if spec.task is Task.REGRESSION:
        return examples, 0
    actual = examples.column("actual")
    counts = Counter(sorted(actual))
    odd = _odd(counts, spec)
    gone = sum(counts[label] for label in odd)
    if gone > _ODD_SHARE * examples.rows:
        if spec.task is Task.BINARY:
            names = [label for label, _ in counts.most_common(10)]
            raise ValueError(f"a binary model cannot have {len(counts)} classes: {names}")
        return examples, 0
    return examples.chosen(np.array([label not in odd for label in actual], bool)), gone


def _odd(counts: Counter[str], spec: ModelSpec) -> set[str]:
    if spec.task is not Task.BINARY:
        return {label for label, rows in counts.items() if rows < _FEWEST_OF_LABEL}
    frequent = sorted(counts, key=lambda label: (label != spec.positive, -counts[label]))
    return set(frequent[2:])


def has_actual(examples: Examples, task: Task) -> Any:
    """A mask, shape (rows,), of those whose actual can be read."""
    actual = examples.table["actual"]
    if task is Task.REGRESSION:
        return np.isfinite(np.asarray(actual.to_numpy(), np.float64))
    return np.asarray(pc.is_valid(actual).to_numpy())


def _repeats(examples: Examples) -> Any:
    stamps = examples.timestamps
    if 2 * len(np.unique(stamps)) < examples.rows:
        return np.zeros(examples.rows, bool)
    names = ["timestamp", "actual", *(HEAD + name for name in examples.features)]
    lists = [n for n in names if pa.types.is_list(examples.table[n].type)]
    frame = examples.table.select([n for n in names if n not in lists]).to_pandas()
    for name in lists:
        frame[name] = [str(v) for v in examples.table[name].to_pylist()]
    return frame.duplicated(keep="last").to_numpy()


def learn_bounds(examples: Examples, types: Mapping[str, FeatureType]) -> dict[str, Bounds]:
    """Bounds of each number feature, from the rows one trains on.

        low, high = q(0.001) - d, q(0.999) + d,   d = q(0.999) - q(0.001)

    Source   winsorising (C. P. Winsor; W. J. Dixon, Ann. Math. Statist. 31 (1960) 385), with room
             to move: a drifting feature stays itself, a value of another unit does not.
    """
    found = {}
    for name, kind in types.items():
        if kind is FeatureType.NUMBER:
            values = as_floats(examples.feature(name))
            values = values[np.isfinite(values)]
            low, high = np.quantile(values, [_TAIL, 1 - _TAIL]) if len(values) else (0.0, 0.0)
            if high > low:
                found[name] = Bounds(float(2 * low - high), float(2 * high - low))
    return found


def as_floats(column: Any) -> Matrix:
    """An Arrow column of numbers or booleans as floats, shape (rows,), NaN where missing."""
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
