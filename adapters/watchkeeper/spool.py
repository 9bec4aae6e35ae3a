"""Keeps requests on disk while the server is away, and gives them back as they were.

A segment is a file of frames. Who writes or reads one holds its lock, so that several processes
may share a directory and a dead one's segments are taken over by the next. A segment is deleted
once its last frame is settled; after a crash in between it is sent again, with the same ids.
"""

import contextlib
import os
import struct
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from watchkeeper.wire import ARROW, JSON, Request

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows; there the ids alone keep rows from doubling
    fcntl = None  # type: ignore[assignment]

SEGMENT_BYTES = 4 << 20

_MAGIC = b"\x89WKS"
_FIELDS = struct.Struct("<4sBBIIII")  # magic, kind, media type, rows, length, checksums
_KINDS = ("predictions", "actuals")
_MEDIA = (JSON, ARROW)


def framed(request: Request) -> bytes:
    """Header and body, each with a checksum, so that a bad body is skipped alone."""
    start = struct.pack(
        "<4sBBII",
        _MAGIC,
        _KINDS.index(request.kind),
        _MEDIA.index(request.media_type),
        request.rows,
        len(request.body),
    )
    return start + struct.pack("<II", zlib.crc32(request.body), zlib.crc32(start)) + request.body


def unframed(content: bytes, offset: int) -> tuple[Request | None, int, int]:
    """The frame at an offset: the request, the offset after it, and the rows lost on the way.

    A damaged body loses the rows its header names. A damaged header loses what follows up to the
    next one; how many rows that were, nobody knows, so one is counted.

    >>> request = Request("actuals", b"[{}]", 1)
    >>> unframed(framed(request), 0)[0] == request
    True
    """
    if offset + _FIELDS.size > len(content):
        return None, len(content), int(offset < len(content))
    magic, kind, media, rows, length, body_sum, start_sum = _FIELDS.unpack_from(content, offset)
    begin = offset + _FIELDS.size
    end = begin + length
    intact = zlib.crc32(content[offset : begin - 4 - 4]) == start_sum
    if magic != _MAGIC or not intact:
        following = content.find(_MAGIC, offset + 1)
        return None, len(content) if following < 0 else following, 1
    body = content[begin:end]
    if zlib.crc32(body) != body_sum or len(body) != length:
        return None, min(end, len(content)), rows
    return Request(_KINDS[kind], body, rows, _MEDIA[media]), end, 0


def locked(descriptor: int) -> bool:
    """Take the lock of an open file, unless someone else has it or has deleted the file."""
    if fcntl is not None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return os.fstat(descriptor).st_nlink > 0


@dataclass(slots=True)
class Segment:
    """An open, locked file of frames."""

    path: Path
    descriptor: int
    content: bytes = b""
    offset: int = 0
    written: int = 0


class Spool:
    """Requests on disk, oldest first. For one thread.

    `limit` bounds the bytes of all segments of the directory. `lost` is told of rows that were
    damaged on disk.
    """

    def __init__(
        self,
        directory: Path,
        limit: int,
        lost: Callable[[int], None],
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self._directory = directory
        self._limit = limit
        self._lost = lost
        self._segment_bytes = segment_bytes
        self._writing: Segment | None = None
        self._reading: Segment | None = None
        self._current: tuple[Request, int] | None = None

    def append(self, request: Request) -> bool:
        """Write a request; False if there is no room or the disk says no. Never half a frame.

        True means that it is on the disk, as far as the disk can be believed: only then may the
        rows leave memory.
        """
        frame = framed(request)
        if self._used() + len(frame) > self._limit:
            return False
        try:
            segment = self._open_segment()
        except OSError:
            return False
        return self._write(segment, frame)

    def next(self) -> Request | None:
        """The oldest request that no other process holds; the same one until `done`."""
        while self._current is None:
            if self._reading is None and not self._claim():
                return None
            self._read_frame()
        return self._current[0]

    def done(self) -> None:
        """The request that `next` gave is settled."""
        if self._reading is not None and self._current is not None:
            self._reading.offset = self._current[1]
            self._current = None
            self._read_frame()

    @property
    def empty(self) -> bool:
        """No file is there, ours or another's."""
        return not self._paths()

    def release(self) -> None:
        """Let go of all files and their locks; what is in them stays."""
        for segment in (self._writing, self._reading):
            if segment is not None:
                with contextlib.suppress(OSError):
                    os.close(segment.descriptor)
        self._writing = self._reading = self._current = None

    def _paths(self) -> list[Path]:
        try:
            return sorted(self._directory.glob("*.spool"))
        except OSError:
            return []

    def _used(self) -> int:
        used = 0
        for path in self._paths():
            with contextlib.suppress(OSError):  # another process has just deleted it
                used += path.stat().st_size
        return used

    def _open_segment(self) -> Segment:
        if self._writing is not None and self._writing.written >= self._segment_bytes:
            self._finish_writing()
        if self._writing is None:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._writing = self._new_segment()
        return self._writing

    def _new_segment(self) -> Segment:
        while True:
            name = f"{time.time_ns():020d}-{os.getpid()}-{os.urandom(4).hex()}.spool"
            path = self._directory / name
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
            if locked(descriptor):
                self._sync_name()
                return Segment(path, descriptor)
            os.close(descriptor)  # another process took the empty file for a dead one's

    def _sync_name(self) -> None:
        """A file whose name is not on the disk is lost, whatever is in it."""
        with contextlib.suppress(OSError):  # such as where folders cannot be opened
            folder = os.open(self._directory, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _write(self, segment: Segment, frame: bytes) -> bool:
        rest = memoryview(frame)
        try:
            while rest:
                rest = rest[os.write(segment.descriptor, rest) :]
            os.fsync(segment.descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(segment.descriptor, segment.written)
                os.lseek(segment.descriptor, segment.written, os.SEEK_SET)
            return False
        segment.written += len(frame)
        return True

    def _finish_writing(self) -> None:
        if self._writing is not None:
            os.close(self._writing.descriptor)
            self._writing = None

    def _claim(self) -> bool:
        self._finish_writing()
        for path in self._paths():
            try:
                descriptor = os.open(path, os.O_RDWR)
            except OSError:
                continue
            if locked(descriptor):
                self._reading = Segment(path, descriptor, path.read_bytes())
                return True
            os.close(descriptor)
        return False

    def _read_frame(self) -> None:
        """Go to the next sound frame; at the end of the segment delete it."""
        segment = self._reading
        while segment is not None and segment.offset < len(segment.content):
            request, end, lost = unframed(segment.content, segment.offset)
            if lost:
                self._lost(lost)
            if request is not None:
                self._current = (request, end)
                return
            segment.offset = end
        if segment is not None:
            segment.path.unlink(missing_ok=True)
            os.close(segment.descriptor)
            self._reading = None
