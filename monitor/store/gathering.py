"""Rows of many bodies as one set of columns: small requests then cost no more than large ones."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from monitor.core.rows import Column, Rows

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Gathered:
    """Rows that count, column by column. Features that a body lacked are None and absent there."""

    size: int
    prediction_ids: list[str]
    timestamps: npt.NDArray[np.int64]
    received_at: npt.NDArray[np.int64]
    columns: dict[str, Column] = field(default_factory=dict)
    features: dict[str, Column] = field(default_factory=dict)
    absent: dict[str, npt.NDArray[np.bool_]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """Rows read together, of one body or of several.

    `skipped` are the indices of rows that count for nothing. Of each body: how many rows it has,
    when it came, a name that ids are made of where rows have none, and which of its rows is the
    first here, if not that of number 0.
    """

    rows: Rows
    skipped: Sequence[int]
    sizes: Sequence[int]
    received_at: Sequence[int]
    names: Sequence[str]
    firsts: Sequence[int] = ()

    @classmethod
    def of(cls, rows: Rows, skipped: Sequence[int], received_at: int, name: str) -> "Part":
        """The rows of one body."""
        return cls(rows, skipped, [rows.size], [received_at], [name])


def gather(parts: Sequence[Part]) -> Gathered:
    """The rows that count of all parts, in order."""
    keeps = [_kept(part) for part in parts]
    sizes = [part.rows.size for part in parts]
    keep = np.concatenate(keeps) if keeps else np.empty(0, bool)
    names = dict.fromkeys(chain.from_iterable(part.rows.columns for part in parts))
    features = dict.fromkeys(chain.from_iterable(part.rows.features for part in parts))
    received = [np.repeat(np.array(p.received_at, np.int64), p.sizes) for p in parts]
    return Gathered(
        int(keep.sum()),
        _chosen(list(chain.from_iterable(_ids(part) for part in parts)), keep),
        np.concatenate([_timestamps(p, r) for p, r in zip(parts, received, strict=True)])[keep],
        np.concatenate(received)[keep],
        {
            name: _chosen(_joined([p.rows.columns.get(name) for p in parts], sizes), keep)
            for name in names
            if name not in {"prediction_id", "timestamp"}
        },
        {
            name: _chosen(_joined([p.rows.features.get(name) for p in parts], sizes), keep)
            for name in features
        },
        {name: mask for name in features if (mask := _absent(name, parts)[keep]).any()},
    )


def _kept(part: Part) -> npt.NDArray[np.bool_]:
    keep = np.ones(part.rows.size, bool)
    keep[[*part.skipped, *(r.index for r in part.rows.rejected)]] = False
    return keep


def _ids(part: Part) -> list[str]:
    given = part.rows.columns.get("prediction_id")
    ids = [None] * part.rows.size if given is None else given
    ids = ids if isinstance(ids, list) else ids.to_pylist()
    if None not in ids:
        return ids
    places = [
        f"{name}-{i}"
        for name, size, first in zip(
            part.names, part.sizes, part.firsts or [0] * len(part.sizes), strict=True
        )
        for i in range(first, first + size)
    ]
    return [made if x is None else x for made, x in zip(places, ids, strict=True)]


def _timestamps(part: Part, received_at: Ints) -> Ints:
    column = part.rows.columns.get("timestamp")
    if column is None:
        return received_at
    given = pa.array(column, pa.int64()) if isinstance(column, list) else column.cast(pa.int64())
    if not given.null_count:
        return np.asarray(given.to_numpy(zero_copy_only=False), np.int64)
    missing = given.is_null().to_numpy(zero_copy_only=False)
    return np.where(missing, received_at, given.fill_null(0).to_numpy(zero_copy_only=False))


def _absent(name: str, parts: Sequence[Part]) -> npt.NDArray[np.bool_]:
    if all(name in p.rows.features and name not in p.rows.absent for p in parts):
        return np.zeros(sum(p.rows.size for p in parts), bool)
    masks = []
    for part in parts:
        if name not in part.rows.features:
            masks.append(np.ones(part.rows.size, bool))
        else:
            masks.append(part.rows.absent.get(name, np.zeros(part.rows.size, bool)))
    return np.concatenate(masks)


def _joined(columns: Sequence[Column | None], sizes: Sequence[int]) -> Column:
    """One column of many: Arrow where all are of one Arrow type, else a list."""
    if len(columns) == 1 and columns[0] is not None:
        return columns[0]
    kinds = {getattr(c, "type", None) for c in columns}
    if len(kinds) == 1 and None not in kinds:
        chunks: list[Any] = []
        for column in columns:
            chunks += column.chunks if isinstance(column, pa.ChunkedArray) else [column]
        return pa.chunked_array(chunks)
    joined: list[object] = []
    for column, size in zip(columns, sizes, strict=True):
        if column is None:
            joined += [None] * size
        else:
            joined += column if isinstance(column, list) else column.to_pylist()
    return joined


def _chosen(column: Column, keep: npt.NDArray[np.bool_]) -> Column:
    if keep.all():
        return column
    if isinstance(column, list):
        return [value for value, k in zip(column, keep.tolist(), strict=True) if k]
    return column.filter(pa.array(keep))
