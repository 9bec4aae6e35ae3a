"""Which prediction ids were accepted before: a filter says "perhaps", then the tables decide.

The filter is a chain of Bloom filters (B. Bloom, Comm. ACM 13 (1970) 422), each four times as large
as the one before: 16 bits an id and 8 probes give about 0.06 % false hits. Python's string hash is
keyed anew in each process, so nobody can send ids that collide on purpose.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

_PROBES = 8
_BITS_PER_ID = 16
_FIRST_BITS = 1 << 20
_VECTOR_FROM = 32
_LOW = (1 << 32) - 1


class _Filter:
    """One Bloom filter of a fixed size (a power of two, in bits)."""

    def __init__(self, bits: int) -> None:
        self.capacity = bits // _BITS_PER_ID
        self.size = 0
        self._mask = bits - 1
        self._bytes = bytearray(bits // 8)
        self._view = np.frombuffer(self._bytes, np.uint8)

    def _places(self, hashes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        first, step = hashes & _LOW, (hashes >> 32) | 1
        probes = np.arange(_PROBES, dtype=np.int64)
        return (first[:, None] + step[:, None] * probes) & self._mask

    def add(self, hashes: npt.NDArray[np.int64]) -> None:
        places = self._places(hashes)
        np.bitwise_or.at(self._view, places >> 3, (1 << (places & 7)).astype(np.uint8))
        self.size += len(hashes)

    def holds(self, hashes: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        places = self._places(hashes)
        held: npt.NDArray[np.bool_] = ((self._view[places >> 3] >> (places & 7)) & 1).all(axis=1)
        return held

    def add_one(self, value: int) -> None:
        first, step = value & _LOW, (value >> 32) | 1
        for probe in range(_PROBES):
            place = (first + step * probe) & self._mask
            self._bytes[place >> 3] |= 1 << (place & 7)
        self.size += 1

    def holds_one(self, value: int) -> bool:
        first, step = value & _LOW, (value >> 32) | 1
        for probe in range(_PROBES):
            place = (first + step * probe) & self._mask
            if not self._bytes[place >> 3] >> (place & 7) & 1:
                return False
        return True


class Seen:
    """The ids of one model. Used by one thread at a time, but for `settle`.

    `stored(ids)` answers which of some ids can be read from the tables; ids that were accepted and
    are not folded yet are held here.
    """

    def __init__(self, stored: Callable[[Sequence[str]], Iterable[str]]) -> None:
        self._stored = stored
        self._filters = [_Filter(_FIRST_BITS)]
        self._pending: dict[str, None] = {}

    def load(self, ids: Sequence[str]) -> None:
        """Learn ids that the tables hold."""
        for start in range(0, len(ids), 100_000):
            self._add(ids[start : start + 100_000])

    def admit(self, ids: Sequence[str]) -> list[bool]:
        """For each id whether it is new, and hold the new ones as pending.

        An id that stands twice among `ids` is new at its first place.
        """
        perhaps = self._perhaps(ids)
        # Looked at once: what is folded meanwhile leaves the pending and is in no answer below.
        known = {i for i in ids if i in self._pending}
        doubtful = [i for i, p in zip(ids, perhaps, strict=True) if p and i not in known]
        known |= set(self._stored(doubtful)) if doubtful else set()
        fresh: list[bool] = []
        for prediction_id in ids:
            new = prediction_id not in known
            if new:
                known.add(prediction_id)
                self._pending[prediction_id] = None
            fresh.append(new)
        self._add([i for i, new in zip(ids, fresh, strict=True) if new])
        return fresh

    def settle(self, ids: Iterable[str]) -> None:
        """These ids are pending no longer: the tables hold them, or they were never stored."""
        for prediction_id in ids:
            self._pending.pop(prediction_id, None)

    def _perhaps(self, ids: Sequence[str]) -> Sequence[bool]:
        if len(ids) < _VECTOR_FROM:
            return [any(f.holds_one(hash(i)) for f in self._filters) for i in ids]
        hashes = np.fromiter(map(hash, ids), np.int64, len(ids))
        held = np.zeros(len(ids), bool)
        for each in self._filters:
            held |= each.holds(hashes)
        return held.tolist()

    def _add(self, ids: Sequence[str]) -> None:
        newest = self._filters[-1]
        if newest.size + len(ids) > newest.capacity:
            newest = _Filter(_next_bits(newest.capacity * _BITS_PER_ID, len(ids)))
            self._filters.append(newest)
        if len(ids) < _VECTOR_FROM:
            for prediction_id in ids:
                newest.add_one(hash(prediction_id))
        else:
            newest.add(np.fromiter(map(hash, ids), np.int64, len(ids)))


def _next_bits(bits: int, ids: int) -> int:
    bits *= 4
    while bits // _BITS_PER_ID < ids:
        bits *= 4
    return bits
