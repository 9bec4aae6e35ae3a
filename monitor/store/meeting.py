"""Which halves wait for each other, which have met, and which are over: one thread's memory."""

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from monitor.core.halves import Half, Side, joined
from monitor.core.rows import MICROSECOND

Key = tuple[str, str, str]
"""What both halves have: model, component and event."""
Name = tuple[Key, Side]
HELD_BYTES = 128 << 20
"""Bytes of halves in memory, past which the oldest wait no longer."""
_REMEMBERED = 200_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A half as the journal holds it; its rows stand in the payload alone."""

    key: Key
    side: Side
    received_at: int
    payload: bytes = field(repr=False)

    @property
    def name(self) -> Name:
        """What no other half has."""
        return self.key, self.side

    def whole(self) -> Half:
        """The half with its rows."""
        document = json.loads(self.payload)
        del document["received_at"]
        return Half(**document | {"side": self.side})


def kept_of(half: Half, received_at: int) -> Kept:
    """The half, received at so many microseconds since 1970."""
    document = asdict(half) | {"received_at": received_at}
    return _read(json.dumps(document, ensure_ascii=False).encode(), document)


def _read(payload: bytes, document: Mapping[str, Any] | None = None) -> Kept:
    sent = document or json.loads(payload)
    key = (sent["model"], sent["component"], sent["event"])
    return Kept(key, Side(sent["side"]), sent["received_at"], payload)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two halves that met, or one that waited long enough."""

    halves: Sequence[Kept]

    @property
    def key(self) -> Key:
        """What both have."""
        return self.halves[0].key

    @property
    def alone(self) -> Side | None:
        """The side that the other did not come to."""
        return self.halves[0].side if len(self.halves) == 1 else None

    @property
    def size(self) -> int:
        """Bytes, about."""
        return sum(len(kept.payload) for kept in self.halves)

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows that it makes."""
        found = {kept.side: kept.whole() for kept in self.halves}
        first = min(kept.received_at for kept in self.halves)
        return joined(found.get(Side.REQUEST), found.get(Side.RESPONSE), first)


class Meeting:
    """Halves by what both share. For one thread; others may read its length and size."""

    def __init__(self, started: int, patience: timedelta) -> None:
        self._started = started
        self._patience = patience // MICROSECOND
        self._positions: OrderedDict[Name, int] = OrderedDict()
        self._waiting: OrderedDict[Key, Kept] = OrderedDict()
        self._whole: OrderedDict[tuple[Key, Side | None], Pair] = OrderedDict()
        self._over: OrderedDict[Name, None] = OrderedDict()
        self._ends: list[int] = []
        self.size = 0

    def __len__(self) -> int:
        return len(self._positions)

    def restore(self, records: Iterable[tuple[int, bytes]]) -> None:
        """Take in what the journal holds: halves, and which of them are over."""
        found: dict[int, Kept] = {}
        for position, payload in records:
            document = json.loads(payload)
            if "ends" not in document:
                found[position] = _read(payload, document)
                continue
            for end in document["ends"]:
                if kept := found.pop(end, None):
                    self._remember(kept.name)
        for position, kept in found.items():
            if self.reserve(kept):
                self.add(kept, position)

    def reserve(self, kept: Kept) -> bool:
        """Whether the half is new; if so, another one like it is not, from now on."""
        if kept.name in self._positions or kept.name in self._over:
            return False
        self._positions[kept.name] = -1
        return True

    def release(self, entries: Iterable[Kept]) -> None:
        """Forget halves that could not be written."""
        for kept in entries:
            del self._positions[kept.name]

    def add(self, kept: Kept, position: int) -> None:
        """A reserved half is on disk; where the other one is too, they have met."""
        self._positions[kept.name] = position
        self.size += len(kept.payload)
        other = self._waiting.pop(kept.key, None)
        if other is None:
            self._waiting[kept.key] = kept
        else:
            self._whole[kept.key, None] = Pair([other, kept])

    def late(self, now: int, limit: int) -> list[Kept]:
        """At most `limit` halves that need not wait any longer, oldest first."""
        late: list[Kept] = []
        size = self.size
        for kept in self._waiting.values():
            waited = now - max(kept.received_at, self._started)
            if len(late) >= limit or (waited < self._patience and size <= HELD_BYTES):
                break
            size -= len(kept.payload)
            late.append(kept)
        return late

    def part(self, kept: Kept) -> None:
        """A half goes on without the other."""
        del self._waiting[kept.key]
        self._whole[kept.key, kept.side] = Pair([kept])

    def forget(self, kept: Kept) -> None:
        """A half is over: it is one that was stored before."""
        del self._waiting[kept.key]
        self._end(kept)

    def whole(self, limit: int, size: int) -> list[Pair]:
        """The oldest pairs to be stored: at most `limit`, and at least one where there is any."""
        pairs: list[Pair] = []
        for pair in self._whole.values():
            if pairs and (len(pairs) >= limit or size < pair.size):
                break
            size -= pair.size
            pairs.append(pair)
        return pairs

    def settle(self, pairs: Iterable[Pair]) -> None:
        """Pairs are stored."""
        for pair in pairs:
            del self._whole[pair.key, pair.alone]
            for kept in pair.halves:
                self._end(kept)

    def _end(self, kept: Kept) -> None:
        self.size -= len(kept.payload)
        self._ends.append(self._positions.pop(kept.name))
        self._remember(kept.name)

    def _remember(self, name: Name) -> None:
        self._over[name] = None
        if len(self._over) > _REMEMBERED:
            self._over.popitem(last=False)

    def ends(self) -> list[bytes]:
        """What the journal does not know yet of what is over: no record or one."""
        return [json.dumps({"ends": self._ends}).encode()] if self._ends else []

    def ended(self) -> None:
        """The journal knows."""
        self._ends = []

    def first(self, end: int) -> int:
        """The position of the first half that is not over; `end` where there is none."""
        return next(iter(self._positions.values()), end)
