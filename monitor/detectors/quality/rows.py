"""Rows of a sample in order of time, and their values as whole numbers that are as equal."""

from collections.abc import Mapping
from zlib import crc32

import numpy as np
import numpy.typing as npt

from monitor.core.windows import Labels, Numbers, Sample

Ints = npt.NDArray[np.int64]

_MIXED = np.uint64(0x9E3779B97F4A7C15)
"""The golden ratio in 64 bits: spreads neighbouring codes over all bits (Knuth, TAOCP 3, 6.4)."""
_FOLD = np.uint64(31)


def in_time(sample: Sample) -> Ints:
    """The rows, oldest first; those of one moment stay as they stand."""
    return np.argsort(sample.timestamps, kind="stable").astype(np.int64)


def drawn(sample: Sample) -> Ints:
    """The rows in an order that looks random and depends on their ids alone."""
    marks = np.array([crc32(i.encode()) for i in sample.prediction_ids], np.uint64)
    return np.argsort(_mixed(_mixed(marks)), kind="stable").astype(np.int64)


def codes(values: Numbers | Labels) -> Ints:
    """A number from 0 up for each value, shape (n,), the same for equal ones; -1 where missing.

    >>> codes(np.array([2.5, np.nan, 2.5, 1.0])).tolist()
    [1, -1, 1, 0]
    >>> codes(np.array(["b", None, "b"], object)).tolist()
    [0, -1, 0]
    """
    if values.dtype != object:
        found: Ints = np.unique(values, return_inverse=True)[1].astype(np.int64)
        return np.where(np.isnan(values.astype(np.float64)), -1, found)
    known: dict[object, int] = {}
    listed = values.tolist()
    return np.array([-1 if v is None else known.setdefault(v, len(known)) for v in listed], int)


def columns(sample: Sample) -> Mapping[str, Ints]:
    """The codes of every feature that can be computed with."""
    numbers = {name: codes(v) for name, v in sample.numbers.items()}
    return numbers | {name: codes(v) for name, v in sample.labels.items()}


def hashes(columns: Mapping[str, Ints], rows: int) -> npt.NDArray[np.uint64]:
    """One number a row, shape (n,), the same where all columns are equal.

    Noise    two of a million different rows share theirs by chance in 3 of 10^8 samples.
    """
    mixed = np.zeros(rows, np.uint64)
    for column in columns.values():
        mixed = _mixed(mixed ^ (column + 2).astype(np.uint64))
    return mixed


def _mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    spread = values * _MIXED
    return np.asarray(spread ^ (spread >> _FOLD))
