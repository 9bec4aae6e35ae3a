"""What is new in the bodies that wait at the door, found out for all of them at once."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitor.core.ports import Told
from monitor.core.rows import Accepted, Body, Kind, Rows
from monitor.store.seen import Seen

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A body that was let in, and who is to be told what becomes of it."""

    model: str
    kind: Kind
    body: Body
    rows: Rows
    received_at: int
    told: Told


@dataclass(frozen=True, slots=True)
class Admitted:
    """A body with its answer: rows that count for nothing, new ids, new rows without one."""

    waiting: Waiting
    accepted: Accepted
    skipped: Sequence[int]
    new: Sequence[str] = ()
    unnamed: Sequence[int] = ()


def admit(group: Sequence[Waiting], seen: Callable[[str], Seen]) -> list[Admitted]:
    """What becomes of each body; where that could not be found out, its sender is told."""
    done: list[Admitted] = []
    by_model: dict[str, list[Waiting]] = {}
    for w in group:
        if w.kind is Kind.PREDICTIONS:
            by_model.setdefault(w.model, []).append(w)
        else:
            rejected = sorted({r.index for r in w.rows.rejected})
            taken = Accepted(w.rows.size - len(rejected), 0, w.rows.rejected)
            done.append(Admitted(w, taken, rejected))
    for model, waiting in by_model.items():
        done += _new(model, waiting, seen)
    return done


def _new(model: str, group: Sequence[Waiting], seen: Callable[[str], Seen]) -> list[Admitted]:
    """What is new in the bodies of one model, found out for all of them at once."""
    try:
        sent = [_ids_of(w.rows) for w in group]
        ids = [i for one in sent for i in one if i is not None]
        twice = set(seen(model).admit(ids))
    except Exception as problem:
        if len(group) > 1:  # one body must not take its neighbours along
            return [done for w in group for done in _new(model, [w], seen)]
        _LOG.exception("a body of model %s could not be admitted", model)
        group[0].told(problem)
        return []
    if not twice and len(ids) == sum(w.rows.size for w in group):  # so nothing is rejected
        return [_admitted(w, one, ()) for w, one in zip(group, sent, strict=True)]
    places = iter(range(len(ids)))
    return [
        _admitted(w, one, [i for i, x in enumerate(one) if x is not None and next(places) in twice])
        for w, one in zip(group, sent, strict=True)
    ]


def _ids_of(rows: Rows) -> list[str | None]:
    """The prediction id of each row as sent."""
    ids = rows.columns.get("prediction_id")
    if ids is None:
        return [None] * rows.size
    return ids if isinstance(ids, list) else list(ids.to_pylist())


def _admitted(w: Waiting, ids: Sequence[str | None], twice: Sequence[int]) -> Admitted:
    """A body whose rows at `twice` have ids that were accepted before."""
    rejected = {r.index for r in w.rows.rejected}
    skipped = sorted([*rejected, *twice])
    out = set(skipped)
    accepted = Accepted(
        w.rows.size - len(skipped), len(twice), w.rows.rejected, _versions(w.rows, skipped)
    )
    if not out and None not in ids:
        return Admitted(w, accepted, skipped, ids)  # type: ignore[arg-type]  # none is missing
    return Admitted(
        w,
        accepted,
        skipped,
        [x for i, x in enumerate(ids) if x is not None and i not in out],
        [i for i, x in enumerate(ids) if x is None and i not in out],
    )


def _versions(rows: Rows, skipped: Sequence[int]) -> Mapping[str, int]:
    """How many accepted rows there are of each version; "" where none was sent."""
    column: Any = rows.columns.get("version")
    if column is None:
        return {"": rows.size - len(skipped)}
    versions = column if isinstance(column, list) else column.to_pylist()
    if skipped:
        keep = np.ones(rows.size, bool)
        keep[list(skipped)] = False
        versions = [v for v, k in zip(versions, keep.tolist(), strict=True) if k]
    return Counter("" if v is None else str(v) for v in versions)
