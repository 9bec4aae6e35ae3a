"""The journal: what was acknowledged, byte for byte, in the order it came.

Records lie in segment files named by the position of their first byte; a position counts bytes from
the first record ever, so it names a place for good, and a folded segment can be deleted.
"""

import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from monitor.core.errors import JournalDamagedError, JournalFullError
from monitor.store.segment import (
    HEAD_BYTES,
    Head,
    Payload,
    next_whole,
    segment_path,
    segment_starts,
    sync_directory,
    was_durable,
    whole_end,
    write_all,
)

_LOG = logging.getLogger(__name__)

SEGMENT_BYTES = 64 << 20


class Journal:
    """Appends records durably and reads them back.

    One thread appends; others may read and `forget` meanwhile. Opening it cuts off what a crash
    left half written; a record that is damaged before that raises JournalDamagedError, a disk that
    cannot be written JournalFullError. `folded` is the position up to which nobody needs it any
    more, None where its records say that themselves.
    """

    def __init__(
        self, directory: Path, folded: int | None, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._guard = threading.RLock()
        self._doubtful = False
        try:
            directory.mkdir(parents=True, exist_ok=True)
            starts = self._sound(folded)
            self._start = starts[-1] if starts else folded or 0
            self._descriptor = self._open(self._start)
            self._size = self._recover(max(0, (folded or 0) - self._start))
        except OSError as problem:
            raise JournalFullError(
                f"the journal cannot be opened ({problem.strerror})"
            ) from problem

    @property
    def end(self) -> int:
        """The position after the last durable record."""
        with self._guard:
            return self._start + self._size

    def append(self, payloads: Sequence[bytes | Payload]) -> list[int]:
        """Write records and wait until they are on disk; the position of each.

        Raises JournalFullError, and then none of them is in the journal.
        """
        durable = position = self.end
        positions: list[int] = []
        pieces: list[bytes] = []
        for each in payloads:
            payload = each if isinstance(each, Payload) else Payload.of(each)
            positions.append(position)
            pieces += (payload.head(durable), payload.content)
            position += HEAD_BYTES + len(payload.content)
        try:
            self._make_room()
            self._write(b"".join(pieces))
        except OSError as problem:
            with suppress(OSError):  # what was written in part must not outlive the refusal
                self._truncate_leftover()
            raise JournalFullError(
                f"the journal cannot be written ({problem.strerror}); nothing of this was stored"
            ) from problem
        with self._guard:
            self._size = position - self._start
        return positions

    def read(self, position: int) -> Iterator[tuple[int, int, bytes]]:
        """Durable records from a position on: its position, the next one's, and the payload.

        Ends at what was durable when the call began. Raises JournalDamagedError.
        """
        end = self.end
        starts = segment_starts(self._directory)
        for start, following in pairwise([*starts, end]):
            stop = min(following, end)
            if stop <= position:
                continue
            with self._path(start).open("rb") as file:
                position = max(position, start)
                file.seek(position - start)
                while position < stop:
                    payload, size = self._payload(file, start, position - start)
                    if payload is not None:
                        yield position, position + size, payload
                    position += size

    def forget(self, folded: int) -> None:
        """Delete the segments that lie wholly before a folded position. Raises OSError."""
        for start, following in pairwise(segment_starts(self._directory)):
            if following <= folded and following <= self._start:
                self._path(start).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file; everything acknowledged is on disk already, and nothing else."""
        with suppress(OSError):
            self._truncate_leftover()
        os.close(self._descriptor)

    def _write(self, data: bytes) -> None:
        self._truncate_leftover()
        write_all(self._descriptor, data)
        try:
            os.fdatasync(self._descriptor)
        except OSError:
            self._doubtful = True
            raise

    def _truncate_leftover(self) -> None:
        """A write that failed half way must not stay in front of the next one."""
        if os.fstat(self._descriptor).st_size != self._size:
            os.ftruncate(self._descriptor, self._size)
        os.lseek(self._descriptor, self._size, os.SEEK_SET)

    def _make_room(self) -> None:
        """Go on in a new segment where the old one is long enough, or not to be trusted.

        After an fdatasync that failed, Linux may take pages for written that are not, and the next
        one succeeds: so nothing is ever written to that file again. Where there is no room for a
        new segment, the old one grows. Raises OSError if neither can be.
        """
        if not self._size or not (self._doubtful or self._size >= self._segment_bytes):
            self._doubtful = False  # an empty file is written anew from its first page
            return
        start = self.end
        try:
            descriptor = self._open(start)
        except OSError:
            # Were the empty file left there, all that the old one still gets would look like waste.
            self._path(start).unlink(missing_ok=True)
            if self._doubtful:
                raise
            return
        os.close(self._descriptor)
        with self._guard:
            self._descriptor, self._start, self._size = descriptor, start, 0
        self._doubtful = False

    def _open(self, start: int) -> int:
        """The segment, made if it is not there; whoever gets it may rely on that."""
        descriptor = os.open(self._path(start), os.O_RDWR | os.O_CREAT, 0o666)
        try:
            sync_directory(self._directory)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def _sound(self, folded: int | None) -> list[int]:
        """The segments that there are, each going on where the one before ends.

        An empty one that begins before that end is what a failed rotation left. What the other
        lacks, or has lost at its end, is damage unless it was folded. Raises JournalDamagedError.
        """
        starts = segment_starts(self._directory)
        sizes = {start: self._path(start).stat().st_size for start in starts}
        for start, following in pairwise(starts):
            if start + sizes[start] > following and not sizes[following]:
                self._path(following).unlink()
                return self._sound(folded)
            if start + sizes[start] < following and following > (folded or 0):
                raise JournalDamagedError(self._path(start), sizes[start])
        if folded is None or not starts:
            return starts
        if starts[0] > folded:
            raise JournalDamagedError(self._path(folded), 0)
        if folded > starts[-1] + sizes[starts[-1]]:  # all of it is in the tables
            starts = []
        return starts

    def _path(self, start: int) -> Path:
        return segment_path(self._directory, start)

    def _payload(self, file: BinaryIO, start: int, offset: int) -> tuple[bytes | None, int]:
        """A payload, None for a gap, and the bytes that it takes with its head."""
        head = Head.read(file.read(HEAD_BYTES))
        if head is not None and head.is_gap:
            file.seek(head.length, os.SEEK_CUR)
            return None, HEAD_BYTES + head.length
        payload = file.read(head.length) if head else b""
        if head is None or not head.holds(payload):
            file.seek(offset)
            rest = file.read()
            following = next_whole(rest, 1)
            raise JournalDamagedError(
                self._path(start), offset, None if following is None else offset + following
            )
        return payload, HEAD_BYTES + head.length

    def _recover(self, offset: int) -> int:
        """Cut off what a crash left half written; the size that stays."""
        try:
            size = self._whole_size(offset)
            os.ftruncate(self._descriptor, size)
            os.fdatasync(self._descriptor)  # a killed process may have written and not waited
        except BaseException:
            os.close(self._descriptor)
            raise
        return size

    def _whole_size(self, offset: int) -> int:
        """Bytes of the last segment up to its last whole record.

        What follows is a write that a crash cut off, unless it is known to have been on disk.
        """
        path = self._path(self._start)
        data = path.read_bytes()
        while offset < len(data):
            end = whole_end(data, offset)
            if end is None:
                if was_durable(data, self._start, offset):
                    raise JournalDamagedError(path, offset, next_whole(data, offset + 1))
                _LOG.warning(
                    "%s: %d bytes from byte %d on are cut off: the last write before the stop is "
                    "not whole",
                    path,
                    len(data) - offset,
                    offset,
                )
                return offset
            offset = end
        return offset
