"""Which prediction ids were accepted before: filters say "perhaps", then the tables decide.

The filters are blocked Bloom filters (F. Putze, P. Sanders, J. Singler, J. Exp. Algorithmics 14
(2009) 4): an id sets four bits in each of two machine words, so that a look costs about the same
however many ids there are. A chain of them, each four times as large as the one before, lets about
1 new id in 10,000 through; a second set, one filter for each million of rows with bits of its own,
says in which rows to look, and spares that look to all but some millionths. Python's string hash is
keyed anew in each process, so nobody can send ids that collide on purpose.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
_HALF = np.uint64(32)
_LOW = np.uint64((1 << 32) - 1)
_BIT = np.uint64(63)
_SIX = np.uint64(6)
_ONE = np.uint64(1)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_OTHER_MIX = np.uint64(0xC2B2AE3D27D4EB4F)
_FIRST_CAPACITY = 1 << 16
_GROWTH = 4
_BITS_PER_ID = 24
_PART_IDS = 1 << 20

Places = tuple[int, int]
"""Rows of a table whose place lies in [first, second)."""


@dataclass(frozen=True, slots=True)
class _Marks:
    """Where ids stand: words, as 32-bit fractions of a table, and the bits in them."""

    words: tuple[Words, ...]
    bits: tuple[Words, ...]


def hashes_of(ids: Sequence[str]) -> Words:
    """A hash of each id, shape (n,), the same all through this process."""
    return np.fromiter(map(hash, ids), np.int64, len(ids)).view(np.uint64)


@dataclass(frozen=True, slots=True)
class Probe:
    """Ids with what is computed of them before the filters are asked; any thread may do that."""

    ids: Sequence[str]
    hashes: Words
    marks: _Marks

    @classmethod
    def of(cls, ids: Sequence[str]) -> "Probe":
        """The probe of these ids."""
        hashes = hashes_of(ids)
        return cls(ids, hashes, _chain_marks(hashes))

    @classmethod
    def joined(cls, probes: Sequence["Probe"]) -> "Probe":
        """One probe of all their ids, in order."""
        if len(probes) == 1:
            return probes[0]
        return cls(
            [i for p in probes for i in p.ids],
            np.concatenate([p.hashes for p in probes]),
            _Marks(
                tuple(map(np.concatenate, zip(*(p.marks.words for p in probes), strict=True))),
                tuple(map(np.concatenate, zip(*(p.marks.bits for p in probes), strict=True))),
            ),
        )


def _chain_marks(hashes: Words) -> _Marks:
    second = (hashes ^ (hashes >> _HALF)) * _MIX
    third = (second ^ (second >> _HALF)) * _MIX
    bits = _some_bits(third, 4), _some_bits(third >> _HALF, 4)
    return _Marks((hashes & _LOW, second >> _HALF), bits)


def _part_marks(hashes: Words) -> _Marks:
    """One word an id, in no relation to the chain's: ids mixed up there are told apart here."""
    fresh = (hashes ^ (hashes >> np.uint64(29))) * _OTHER_MIX
    return _Marks((fresh >> _HALF,), (_some_bits((fresh ^ (fresh >> _HALF)) * _MIX >> _HALF, 5),))


def _some_bits(numbers: Words, count: int) -> Words:
    bits = _ONE << (numbers & _BIT)
    for _ in range(count - 1):
        numbers = numbers >> _SIX
        bits |= _ONE << (numbers & _BIT)
    return bits


class _Filter:
    """One filter for so many ids."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self._table = np.zeros(capacity * _BITS_PER_ID // 64 + 1, np.uint64)

    def add(self, marks: _Marks) -> None:
        self.size += len(marks.words[0])
        for words, bits in zip(marks.words, marks.bits, strict=True):
            np.bitwise_or.at(self._table, self._places(words), bits)

    def holds(self, marks: _Marks) -> npt.NDArray[np.bool_]:
        held = np.ones(len(marks.words[0]), bool)
        for words, bits in zip(marks.words, marks.bits, strict=True):
            held &= (self._table[self._places(words)] & bits) == bits
        return held

    def _places(self, words: Words) -> npt.NDArray[np.intp]:
        return (words * np.uint64(len(self._table)) >> _HALF).astype(np.intp)


@dataclass(slots=True)
class _Part:
    """The ids of some rows that stand together."""

    filter: _Filter
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Ids that were written together; they end before a position of the journal."""

    end: int
    ids: Sequence[str]
    hashes: Words


class Seen:
    """The ids of one model.

    `stored(ids, places)` answers which of some ids can be read from the rows at some places. Ids
    that were accepted and are not folded yet are held here. `admit`, `wrote` and `forget` are for
    one thread; `folded` may be called by another one meanwhile.
    """

    def __init__(self, stored: Callable[[Sequence[str], Places], Iterable[str]]) -> None:
        self._stored = stored
        self._chain = [_Filter(_FIRST_CAPACITY)]
        self._parts: list[_Part] = []
        self._pending: set[str] = set()
        self._chunks: deque[_Chunk] = deque()
        self._first: int | None = None

    def load(self, ids: Sequence[str], places: Places) -> None:
        """The rows at these places hold these ids."""
        self._learn(hashes_of(ids), places)

    def admit(self, probe: Probe) -> list[int]:
        """Which of the ids are not new, by index; the new ones are pending from now on.

        An id that stands twice among them is new at its first place.
        """
        ids = probe.ids
        distinct = set(ids)
        # Looked at before the filters: what is folded meanwhile is in those before it leaves here.
        pending = not self._pending.isdisjoint(distinct)
        known = {i for i in distinct if i in self._pending} if pending else set()
        perhaps = self._perhaps(probe.marks)
        if len(distinct) == len(ids) and not pending and not perhaps.any():
            self._pending |= distinct
            return []
        doubtful = [ids[i] for i in np.flatnonzero(perhaps).tolist() if ids[i] not in known]
        known |= self._confirmed(doubtful)
        fresh: set[str] = set()
        twice: list[int] = []
        for index, prediction_id in enumerate(ids):
            if prediction_id in known or prediction_id in fresh:
                twice.append(index)
            else:
                fresh.add(prediction_id)
        self._pending |= fresh
        return twice

    def wrote(self, ids: Sequence[str], hashes: Words, end: int) -> None:
        """Ids were written before a position of the journal, some of them perhaps made here."""
        self._pending.update(ids)
        self._chunks.append(_Chunk(end, ids, hashes))

    def forget(self, ids: Iterable[str]) -> None:
        """These ids could not be written; they may come again."""
        self._pending.difference_update(ids)

    def folded(self, position: int, places: Places) -> None:
        """All before a position can be read, what came last at these places."""
        first = places[0] if self._first is None else self._first
        rest = first
        while self._chunks and self._chunks[0].end <= position:
            chunk = self._chunks[0]
            self._learn(chunk.hashes, (first, places[1]))
            self._pending.difference_update(chunk.ids)
            self._chunks.popleft()
            rest = places[0]  # what is left of the chunks begins in this step
        self._first = rest if self._chunks else None

    def _learn(self, hashes: Words, places: Places) -> None:
        newest = self._chain[-1]
        if newest.size + len(hashes) > newest.capacity:
            newest = _Filter(max(newest.capacity * _GROWTH, len(hashes)))
            self._chain.append(newest)
        part = self._parts[-1] if self._parts else None
        if part is None or part.filter.size + len(hashes) > part.filter.capacity:
            part = _Part(_Filter(max(self._part_ids(), len(hashes))), *places)
            self._parts.append(part)
        part.end = max(part.end, places[1])
        part.filter.add(_part_marks(hashes))
        newest.add(_chain_marks(hashes))

    def _part_ids(self) -> int:
        """How many ids the next part is for: a model with few rows needs little room."""
        capacity: int = min(_PART_IDS, _FIRST_CAPACITY * _GROWTH ** len(self._parts))
        return capacity

    def _perhaps(self, marks: _Marks) -> npt.NDArray[np.bool_]:
        held = self._chain[0].holds(marks)
        for each in self._chain[1:]:
            held |= each.holds(marks)
        return held

    def _confirmed(self, ids: Sequence[str]) -> set[str]:
        """Which of the ids the tables hold."""
        held: set[str] = set()
        marks = _part_marks(hashes_of(ids))
        for part in list(self._parts):
            found = np.flatnonzero(part.filter.holds(marks)).tolist()
            if found:
                held.update(self._stored([ids[i] for i in found], (part.first, part.end)))
        return held
