"""What is new in the bodies that wait at the door, found out for all of them at once."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from monitor.core.ports import Told
from monitor.core.rows import Accepted, Body, Kind, Rows
from monitor.store.record import Record
from monitor.store.seen import Probe, Seen, Words
from monitor.store.segment import Payload

_LOG = logging.getLogger(__name__)


_MANY = 32


@dataclass(frozen=True, slots=True)
class Waiting:
    """A body that was let in, and who is to be told what becomes of it.

    `probe` and `payload` are made before the one thread that writes sees it: the probe of its ids
    where it has many and each row has one, and the record of it as the journal holds it if no row
    turns out to have come before.
    """

    model: str
    kind: Kind
    body: Body
    rows: Rows
    received_at: int
    told: Told
    ids: Sequence[str | None]
    probe: Probe | None
    payload: Payload

    @classmethod
    def of(
        cls, model: str, kind: Kind, body: Body, rows: Rows, received_at: int, told: Told
    ) -> "Waiting":
        """A body that was looked at."""
        ids = _ids_of(rows) if kind is Kind.PREDICTIONS else ()
        probe = None
        if len(ids) >= _MANY and None not in ids:
            probe = Probe.of(ids)  # type: ignore[arg-type]  # none is missing
        payload = _payload(model, kind, body, rows, received_at, _rejected(rows))
        return cls(model, kind, body, rows, received_at, told, ids, probe, payload)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A body with its answer: what the journal is to hold, new ids, new rows without one.

    `hashes` are those of the new ids where they are known.
    """

    waiting: Waiting
    accepted: Accepted
    payload: Payload
    new: Sequence[str] = ()
    unnamed: Sequence[int] = ()
    hashes: Words | None = None


def admit(group: Sequence[Waiting], seen: Callable[[str], Seen]) -> list[Admitted]:
    """What becomes of each body; where that could not be found out, its sender is told."""
    done: list[Admitted] = []
    by_model: dict[str, list[Waiting]] = {}
    for w in group:
        if w.kind is Kind.PREDICTIONS:
            by_model.setdefault(w.model, []).append(w)
        else:
            taken = Accepted(w.rows.size - len(_rejected(w.rows)), 0, w.rows.rejected)
            done.append(Admitted(w, taken, w.payload))
    for model, waiting in by_model.items():
        done += _new(model, waiting, seen)
    return done


def _new(model: str, group: Sequence[Waiting], seen: Callable[[str], Seen]) -> list[Admitted]:
    """What is new in the bodies of one model, found out for all of them at once."""
    try:
        twice = set(seen(model).admit(_probe(group)))
    except Exception as problem:
        if len(group) > 1:  # one body must not take its neighbours along
            return [done for w in group for done in _new(model, [w], seen)]
        _LOG.exception("a body of model %s could not be admitted", model)
        group[0].told(problem)
        return []
    if not twice:
        return [_admitted(w, ()) for w in group]
    places = count()
    return [
        _admitted(w, [i for i, x in enumerate(w.ids) if x is not None and next(places) in twice])
        for w in group
    ]


def _probe(group: Sequence[Waiting]) -> Probe:
    """Of all ids in the bodies."""
    probes = [w.probe for w in group if w.probe is not None]
    if len(probes) == len(group):
        return Probe.joined(probes)
    return Probe.of([i for w in group for i in w.ids if i is not None])


def _rejected(rows: Rows) -> list[int]:
    return sorted({r.index for r in rows.rejected}) if rows.rejected else []


def _payload(
    model: str, kind: Kind, body: Body, rows: Rows, received_at: int, skipped: list[int]
) -> Payload:
    media_type, encoding, content = body.media_type, body.encoding, body.content
    record = Record(kind, model, received_at, media_type, encoding, skipped, rows.size, content)
    return Payload.of(record.written())


def _ids_of(rows: Rows) -> list[str | None]:
    """The prediction id of each row as sent."""
    ids = rows.columns.get("prediction_id")
    if ids is None:
        return [None] * rows.size
    return ids if isinstance(ids, list) else list(ids.to_pylist())


def _admitted(w: Waiting, twice: Sequence[int]) -> Admitted:
    """A body whose rows at `twice` have ids that were accepted before."""
    skipped = sorted([*_rejected(w.rows), *twice]) if twice else _rejected(w.rows)
    accepted = Accepted(
        w.rows.size - len(skipped), len(twice), w.rows.rejected, _versions(w.rows, skipped)
    )
    if w.probe is not None and not skipped:
        return Admitted(w, accepted, w.payload, w.probe.ids, (), w.probe.hashes)
    out = set(skipped)
    payload = w.payload
    if twice:
        payload = _payload(w.model, w.kind, w.body, w.rows, w.received_at, skipped)
    return Admitted(
        w,
        accepted,
        payload,
        [x for i, x in enumerate(w.ids) if x is not None and i not in out],
        [i for i, x in enumerate(w.ids) if x is None and i not in out],
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
