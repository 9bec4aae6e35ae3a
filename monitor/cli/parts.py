"""A part of a file: a body of a bounded size, and where each of its rows stood."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

ROWS = 20_000
BYTES = 8 << 20
LONGEST = 64 << 20
"""Bytes of a line; what is longer is cut there, and refused by the service."""


@dataclass(frozen=True, slots=True)
class Part:
    """A body: its rows, where each stood (a line, else the number of the row), and how far it is.

    `done` is the share of the file that has been read, 0 to 1.
    """

    media_type: str
    content: bytes
    places: Sequence[int]
    done: float


@dataclass(frozen=True, slots=True)
class Record:
    """One row as text, and the line that it begins in."""

    content: bytes
    line: int
    done: float = 0.0


def bodies(records: Iterable[Record], kind: str, head: bytes = b"") -> Iterator[Part]:
    """Records as parts; each begins with the head."""
    some: list[Record] = []
    size = 0
    for record in records:
        some.append(record)
        size += len(record.content)
        if len(some) >= ROWS or size >= BYTES:
            yield _part(some, kind, head)
            some, size = [], 0
    if some:
        yield _part(some, kind, head)


def _part(records: Sequence[Record], kind: str, head: bytes) -> Part:
    content = b"".join((head, *(record.content for record in records)))
    return Part(kind, content, [record.line for record in records], records[-1].done)
