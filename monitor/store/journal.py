"""The journal: what was acknowledged, byte for byte, in the order it came.

A record is a fixed head (mark, length, CRC of the payload, CRC of the head) and a payload. Records
lie in segment files named by the position of their first byte; a position counts bytes from
the first record ever, so it names a place for good, and a folded segment can be deleted.
"""

import os
import struct
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from monitor.core.errors import JournalDamagedError, JournalFullError

_HEAD = struct.Struct("<4sIII")
_MARK = b"wkj1"
_HEAD_BODY = struct.Struct("<4sII")

SEGMENT_BYTES = 64 << 20


def _record(payload: bytes) -> bytes:
    head = _HEAD_BODY.pack(_MARK, len(payload), zlib.crc32(payload))
    return head + struct.pack("<I", zlib.crc32(head)) + payload


def _head(raw: bytes) -> tuple[int, int] | None:
    """Length and CRC of the payload, or None where these bytes are no head of a record."""
    if len(raw) < _HEAD.size:
        return None
    mark, length, payload_crc, head_crc = _HEAD.unpack(raw[: _HEAD.size])
    whole = mark == _MARK and zlib.crc32(raw[: _HEAD_BODY.size]) == head_crc
    return (length, payload_crc) if whole else None


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Journal:
    """Appends records durably and reads them back.

    One thread appends; others may read and `forget` meanwhile. Opening it cuts off a torn last
    record; a record that is damaged before the end raises JournalDamagedError.
    """

    def __init__(self, directory: Path, folded: int, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._guard = threading.RLock()
        directory.mkdir(parents=True, exist_ok=True)
        starts = self._starts()
        self._start = starts[-1] if starts else folded
        if not starts:
            self._create(self._start)
        self._size = self._whole_size(self._start, max(0, folded - self._start))
        self._descriptor = os.open(self._path(self._start), os.O_RDWR)
        os.ftruncate(self._descriptor, self._size)
        os.lseek(self._descriptor, 0, os.SEEK_END)

    @property
    def end(self) -> int:
        """The position after the last durable record."""
        with self._guard:
            return self._start + self._size

    def append(self, payloads: Sequence[bytes]) -> list[int]:
        """Write records and wait until they are on disk; the position of each.

        Raises JournalFullError, and then none of them is in the journal.
        """
        records = [_record(payload) for payload in payloads]
        positions, position = [], self.end
        for record in records:
            positions.append(position)
            position += len(record)
        try:
            self._truncate_leftover()
            _write_all(self._descriptor, b"".join(records))
            os.fdatasync(self._descriptor)
        except OSError as problem:
            with suppress(OSError):  # what was written in part must not outlive the refusal
                self._truncate_leftover()
            raise JournalFullError(
                f"the journal cannot be written ({problem.strerror}); nothing of this was stored"
            ) from problem
        with self._guard:
            self._size = position - self._start
        if self._size >= self._segment_bytes:
            self._rotate()
        return positions

    def read(self, position: int) -> Iterator[tuple[int, int, bytes]]:
        """Durable records from a position on: its position, the next one's, and the payload.

        Ends at what was durable when the call began. Raises JournalDamagedError.
        """
        end = self.end
        for start in self._starts():
            following = self._following(start)
            if (following is not None and following <= position) or start >= end:
                continue
            stop = min(end, following if following is not None else end)
            with self._path(start).open("rb") as file:
                position = max(position, start)
                file.seek(position - start)
                while position < stop:
                    payload = self._payload(file, start, position - start)
                    after = position + _HEAD.size + len(payload)
                    yield position, after, payload
                    position = after

    def forget(self, folded: int) -> None:
        """Delete the segments that lie wholly before a folded position."""
        for start in self._starts():
            following = self._following(start)
            if following is not None and following <= folded and start < self._start:
                self._path(start).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file; everything acknowledged is on disk already, and nothing else."""
        with suppress(OSError):
            self._truncate_leftover()
        os.close(self._descriptor)

    def _truncate_leftover(self) -> None:
        """A write that failed half way must not stay in front of the next one."""
        if os.fstat(self._descriptor).st_size != self._size:
            os.ftruncate(self._descriptor, self._size)
        os.lseek(self._descriptor, self._size, os.SEEK_SET)

    def _rotate(self) -> None:
        """Go on in a new segment; where there is no room for one, stay in the old one."""
        start = self.end
        try:
            self._create(start)
            descriptor = os.open(self._path(start), os.O_RDWR)
        except OSError:
            self._path(start).unlink(missing_ok=True)
            return
        os.close(self._descriptor)
        with self._guard:
            self._descriptor, self._start, self._size = descriptor, start, 0

    def _create(self, start: int) -> None:
        self._path(start).touch()
        _sync_directory(self._directory)

    def _path(self, start: int) -> Path:
        return self._directory / f"{start:020d}.journal"

    def _starts(self) -> list[int]:
        return sorted(int(path.stem) for path in self._directory.glob("*.journal"))

    def _following(self, start: int) -> int | None:
        return next((s for s in self._starts() if s > start), None)

    def _payload(self, file: BinaryIO, start: int, offset: int) -> bytes:
        head = _head(file.read(_HEAD.size))
        payload = file.read(head[0]) if head else b""
        if head is None or len(payload) != head[0] or zlib.crc32(payload) != head[1]:
            raise JournalDamagedError(self._path(start).name, offset)
        return payload

    def _whole_size(self, start: int, offset: int) -> int:
        """Bytes of the last segment up to its last whole record.

        What follows is a torn write if no whole record comes after it, and damage if one does.
        """
        data = self._path(start).read_bytes()
        while offset < len(data):
            head = _head(data[offset : offset + _HEAD.size])
            body = offset + _HEAD.size
            payload = data[body : body + head[0]] if head else b""
            if head is None or len(payload) != head[0] or zlib.crc32(payload) != head[1]:
                if _holds_record(data, offset + 1):
                    raise JournalDamagedError(self._path(start).name, offset)
                return offset
            offset = body + head[0]
        return offset


def _holds_record(data: bytes, offset: int) -> bool:
    """Whether a whole head of a record stands anywhere after an offset."""
    while (offset := data.find(_MARK, offset)) >= 0:
        if _head(data[offset : offset + _HEAD.size]):
            return True
        offset += 1
    return False
