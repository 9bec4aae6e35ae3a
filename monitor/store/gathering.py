"""Rows of many bodies as one set of columns: small requests then cost no more than large ones."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from monitor.core.rows import Column, Rows, moment
from monitor.store.columns import timestamps


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
    """One body: its rows, which of them count, when it came, and a name for ids to be made of."""

    rows: Rows
    skipped: Sequence[int]
    received_at: int
    name: str


def gather(parts: Sequence[Part]) -> Gathered:
    """The rows that count of all parts, in order."""
    keeps = [_kept(part) for part in parts]
    sizes = [part.rows.size for part in parts]
    keep = np.concatenate(keeps) if keeps else np.empty(0, bool)
    names = dict.fromkeys(chain.from_iterable(part.rows.columns for part in parts))
    features = dict.fromkeys(chain.from_iterable(part.rows.features for part in parts))
    return Gathered(
        int(keep.sum()),
        _chosen(list(chain.from_iterable(_ids(part) for part in parts)), keep),
        np.concatenate([_timestamps(part) for part in parts])[keep],
        np.repeat([part.received_at for part in parts], sizes)[keep],
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
    if given is None:
        return [f"{part.name}-{i}" for i in range(part.rows.size)]
    ids = given if isinstance(given, list) else given.to_pylist()
    return [f"{part.name}-{i}" if x is None else x for i, x in enumerate(ids)]


def _timestamps(part: Part) -> npt.NDArray[np.int64]:
    values = timestamps(
        part.rows.columns.get("timestamp"), part.rows.size, moment(part.received_at)
    )
    return np.asarray(values.to_numpy(zero_copy_only=False), np.int64)


def _absent(name: str, parts: Sequence[Part]) -> npt.NDArray[np.bool_]:
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
