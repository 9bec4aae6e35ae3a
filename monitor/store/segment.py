"""A segment: one file of the journal, and what in it is whole.

A record is a head (mark, length of the payload, position up to which the journal was on disk when
the record was written, CRC of the payload, CRC of the head) and a payload. A gap is a head that
says how many bytes to pass over: repair puts one where a record was damaged, so that every other
record keeps its place.
"""

import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

_HEAD = struct.Struct("<4sIQI")
_CRC = struct.Struct("<I")
_RECORD = b"wkj2"
_GAP = b"wkjx"
_EITHER = b"wkj"

HEAD_BYTES = _HEAD.size + _CRC.size


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before a payload of `length` bytes.

    durable   all that lies before this position was on disk when the record was written
    """

    length: int
    durable: int
    crc: int
    is_gap: bool = False

    @classmethod
    def read(cls, raw: bytes) -> "Head | None":
        """The head that these bytes are, or None."""
        if len(raw) != HEAD_BYTES:
            return None
        mark, length, durable, crc = _HEAD.unpack_from(raw)
        (own,) = _CRC.unpack_from(raw, _HEAD.size)
        if mark not in {_RECORD, _GAP} or zlib.crc32(raw[: _HEAD.size]) != own:
            return None
        return cls(length, durable, crc, mark == _GAP)

    def holds(self, payload: bytes) -> bool:
        """Whether this is the payload that was written; that of a gap is of no interest."""
        return len(payload) == self.length and (self.is_gap or zlib.crc32(payload) == self.crc)

    def written(self) -> bytes:
        """As it stands in the file."""
        mark = _GAP if self.is_gap else _RECORD
        head = _HEAD.pack(mark, self.length, self.durable, self.crc)
        return head + _CRC.pack(zlib.crc32(head))


@dataclass(frozen=True, slots=True)
class Payload:
    """What a record holds, and its CRC, which any thread may compute."""

    content: bytes
    crc: int

    @classmethod
    def of(cls, content: bytes) -> "Payload":
        """The payload that holds these bytes."""
        return cls(content, zlib.crc32(content))

    def head(self, durable: int) -> bytes:
        """What stands before it in the file."""
        return Head(len(self.content), durable, self.crc).written()


def record(payload: bytes, durable: int) -> bytes:
    """A record as it stands in the file.

    >>> len(record(b"payload", 0)) - len(b"payload") == HEAD_BYTES
    True
    """
    return Payload.of(payload).head(durable) + payload


def whole_end(data: bytes, offset: int) -> int | None:
    """Where the record that begins at an offset ends; None where it is not whole."""
    body = offset + HEAD_BYTES
    head = Head.read(data[offset:body])
    if head is None or not head.holds(data[body : body + head.length]):
        return None
    return body + head.length


def next_whole(data: bytes, offset: int) -> int | None:
    """Where the first whole record at or after an offset begins.

    >>> next_whole(b"damage" + record(b"whole", 0), 1)
    6
    """
    while (offset := data.find(_EITHER, offset)) >= 0:
        if whole_end(data, offset) is not None:
            return offset
        offset += 1
    return None


def was_durable(data: bytes, start: int, offset: int) -> bool:
    """Whether what lies at an offset was once on disk, by what records after it say.

    `start` is the position of the first byte. A write is cut off by a crash only where no later
    write has begun, and each later one says up to where all was on disk before it.
    """
    at = offset + 1
    while (at := data.find(_EITHER, at)) >= 0:
        head = Head.read(data[at : at + HEAD_BYTES])
        if head is not None and start + offset < head.durable <= start + at:
            return True
        at += 1
    return False


def segment_path(directory: Path, start: int) -> Path:
    """The file whose first byte has this position."""
    return directory / f"{start:020d}.journal"


def segment_starts(directory: Path) -> list[int]:
    """The position of the first byte of each file, in order."""
    return sorted(int(path.stem) for path in directory.glob("*.journal"))


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it, in as many calls as the system needs. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def sync_directory(directory: Path) -> None:
    """Put on disk which files there are. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
