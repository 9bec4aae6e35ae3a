"""Which prediction ids were accepted before: filters say "perhaps", then the tables decide.

The filters are blocked Bloom filters (F. Putze, P. Sanders, J. Singler, J. Exp. Algorithmics 14
(2009) 4): an id sets four bits in each of two machine words, so that a look costs about the same
however many ids there are. A chain of them, each four times as large as the one before, lets about
1 new id in 10,000 through; a second set, one filter for each million of rows, says in which rows to
look, and spares that look to all but some ten millionths. Python's string hash is keyed anew in
each process, so nobody can send ids that collide on purpose.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_Words = npt.NDArray[np.uint64]
_HALF = np.uint64(32)
_LOW = np.uint64((1 << 32) - 1)
_BIT = np.uint64(63)
_SIX = np.uint64(6)
_ONE = np.uint64(1)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_FIRST_CAPACITY = 1 << 16
_GROWTH = 4
_BITS_PER_ID = 24
_PART_IDS = 1 << 20

Places = tuple[int, int]
"""Rows of a table whose place lies in [first, second)."""


@dataclass(frozen=True, slots=True)
class _Hashed:
    """Where ids stand: two words each, as 32-bit fractions of a table, and the bits in them."""

    words: tuple[_Words, _Words]
    bits: tuple[_Words, _Words]

    @classmethod
    def of(cls, ids: Sequence[str]) -> "_Hashed":
        first = np.fromiter(map(hash, ids), np.int64, len(ids)).view(np.uint64)
        second = (first ^ (first >> _HALF)) * _MIX
        third = (second ^ (second >> _HALF)) * _MIX
        return cls((first & _LOW, second >> _HALF), (_four_bits(third), _four_bits(third >> _HALF)))


def _four_bits(numbers: _Words) -> _Words:
    bits = _ONE << (numbers & _BIT)
    for _ in range(3):
        numbers = numbers >> _SIX
        bits |= _ONE << (numbers & _BIT)
    return bits


class _Filter:
    """One filter for so many ids."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self._table = np.zeros(capacity * _BITS_PER_ID // 64 + 1, np.uint64)

    def add(self, ids: _Hashed) -> None:
        self.size += len(ids.words[0])
        for words, bits in zip(ids.words, ids.bits, strict=True):
            np.bitwise_or.at(self._table, self._places(words), bits)

    def holds(self, ids: _Hashed) -> npt.NDArray[np.bool_]:
        one, two = (
            (self._table[self._places(words)] & bits) == bits
            for words, bits in zip(ids.words, ids.bits, strict=True)
        )
        held: npt.NDArray[np.bool_] = one & two
        return held

    def _places(self, words: _Words) -> npt.NDArray[np.intp]:
        return (words * np.uint64(len(self._table)) >> _HALF).astype(np.intp)


@dataclass(slots=True)
class _Part:
    """The ids of some rows that stand together."""

    filter: _Filter
    first: int
    end: int


class Seen:
    """The ids of one model.

    `stored(ids, places)` answers which of some ids can be read from the rows at some places. Ids
    that were accepted and are not folded yet are held here. `admit` is for one thread; `settle` and
    `forget` may be called by another one meanwhile.
    """

    def __init__(self, stored: Callable[[Sequence[str], Places], Iterable[str]]) -> None:
        self._stored = stored
        self._chain = [_Filter(_FIRST_CAPACITY)]
        self._parts: list[_Part] = []
        self._pending: set[str] = set()

    def admit(self, ids: Sequence[str]) -> list[int]:
        """Which of the ids are not new, by index; the new ones are pending from now on.

        An id that stands twice among `ids` is new at its first place.
        """
        distinct = set(ids)
        # Looked at before the filters: what is folded meanwhile is in those before it leaves here.
        pending = not self._pending.isdisjoint(distinct)
        known = {i for i in distinct if i in self._pending} if pending else set()
        perhaps = self._perhaps(ids)
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

    def settle(self, ids: Sequence[str], places: Places) -> None:
        """The rows at these places hold these ids from now on."""
        hashed = _Hashed.of(ids)
        newest = self._chain[-1]
        if newest.size + len(ids) > newest.capacity:
            newest = _Filter(max(newest.capacity * _GROWTH, len(ids)))
            self._chain.append(newest)
        part = self._parts[-1] if self._parts else None
        if part is None or part.filter.size + len(ids) > part.filter.capacity:
            part = _Part(_Filter(max(self._part_ids(), len(ids))), *places)
            self._parts.append(part)
        part.end = max(part.end, places[1])
        part.filter.add(hashed)
        newest.add(hashed)
        self.forget(ids)

    def forget(self, ids: Iterable[str]) -> None:
        """These ids are pending no longer."""
        self._pending.difference_update(ids)

    def _part_ids(self) -> int:
        """How many ids the next part is for: a model with few rows needs little room."""
        capacity: int = min(_PART_IDS, _FIRST_CAPACITY * _GROWTH ** len(self._parts))
        return capacity

    def _perhaps(self, ids: Sequence[str]) -> npt.NDArray[np.bool_]:
        hashed = _Hashed.of(ids)
        held = self._chain[0].holds(hashed)
        for each in self._chain[1:]:
            held |= each.holds(hashed)
        return held

    def _confirmed(self, ids: Sequence[str]) -> set[str]:
        """Which of the ids the tables hold."""
        held: set[str] = set()
        hashed = _Hashed.of(ids)
        for part in self._parts:
            found = np.flatnonzero(part.filter.holds(hashed)).tolist()
            if found:
                held.update(self._stored([ids[i] for i in found], (part.first, part.end)))
        return held
