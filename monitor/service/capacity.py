"""How many bytes of bodies may be in memory at a time: what is more is refused at once."""

from typing import Self

from monitor.core.errors import UnavailableError

LIMIT = 256 << 20
"""Bytes; one body alone may be as large as a body may be at all."""


class Capacity:
    """What the requests of one loop hold together."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._held = 0

    def hold(self) -> "Held":
        """What one request holds, until its `with` block ends."""
        return Held(self)

    def check(self, own: int, more: int) -> None:
        """Raises UnavailableError if others hold so much that there is no room for more."""
        others = self._held - own
        if others and self._held + more > self._limit:
            raise UnavailableError("too many bodies are being read at once; send it again", 1)

    def add(self, count: int) -> None:
        """So many bytes more (or fewer) are held."""
        self._held += count


class Held:
    """The bytes that one request holds.

    >>> capacity = Capacity(100)
    >>> with capacity.hold() as one, capacity.hold() as other:
    ...     one.grow(80)
    ...     other.grow(40)
    Traceback (most recent call last):
    monitor.core.errors.UnavailableError: too many bodies are being read at once; send it again
    """

    __slots__ = ("_capacity", "_count")

    def __init__(self, capacity: Capacity) -> None:
        self._capacity = capacity
        self._count = 0

    def __enter__(self) -> Self:
        """Nothing is held yet."""
        return self

    def __exit__(self, *problem: object) -> None:
        """Let go of everything."""
        self._capacity.add(-self._count)

    def expect(self, count: int) -> None:
        """Raises UnavailableError if there is no room for so many bytes."""
        self._capacity.check(self._count, count)

    def grow(self, count: int) -> None:
        """Hold so many bytes more. Raises UnavailableError if there is no room for them."""
        self._capacity.check(self._count, count)
        self._capacity.add(count)
        self._count += count
