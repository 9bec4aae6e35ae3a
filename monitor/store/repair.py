"""Sets aside what is damaged in a journal, so that a service can start with the rest.

The bytes go to a file under `damaged/`; in the segment a gap takes their place, so every whole
record keeps its position.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from monitor.core.errors import DataDirectoryError
from monitor.store.database import Database
from monitor.store.segment import (
    HEAD_BYTES,
    Head,
    next_whole,
    segment_path,
    segment_starts,
    sync_directory,
    was_durable,
    whole_end,
)
from monitor.store.store import locked

DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class SetAside:
    """A damaged stretch of a segment, from one byte to another, and where its bytes are now."""

    segment: Path
    first: int
    end: int
    kept: Path


def mended(data_dir: Path) -> list[SetAside]:
    """Mend the journals of a data directory that no service uses; what was damaged in them.

    Raises DataDirectoryError.
    """
    lock = locked(data_dir)
    try:
        folded = _folded(data_dir / "watchkeeper.duckdb")
        return [
            *_mend(data_dir / "journal", folded),
            *_mend(data_dir / "halves", None),
        ]
    except OSError as problem:
        raise DataDirectoryError(f"cannot repair {data_dir}: {problem.strerror}") from problem
    finally:
        os.close(lock)


def _folded(path: Path) -> int:
    database = Database(path)
    try:
        found = database.read("SELECT position FROM fold")
    finally:
        database.close()
    return int(found[0][0]) if found else 0


def _mend(directory: Path, folded: int | None) -> Iterator[SetAside]:
    starts = segment_starts(directory)
    if folded is not None and starts and starts[0] > folded:
        segment_path(directory, folded).touch()  # the file is gone: all of it is one gap
        starts.insert(0, folded)
    for start, following in pairwise([*starts, None]):
        assert start is not None
        path = segment_path(directory, start)
        data = bytearray(path.read_bytes())
        if following is not None and start + len(data) < following:
            data.extend(bytes(following - start - len(data)))
        stop = len(data) if following is None else following - start
        found = list(_stretches(bytes(data[:stop]), start, last=following is None))
        for first, end in found:
            yield _set_aside(path, data, first, end)
        if found:
            _replace(path, bytes(data))


def _stretches(data: bytes, start: int, *, last: bool) -> Iterator[tuple[int, int]]:
    """From where to where a segment is damaged; what a crash cut off is not."""
    offset = 0
    while offset < len(data):
        end = whole_end(data, offset)
        if end is None:
            if last and not was_durable(data, start, offset):
                return
            end = _resumes(data, offset)
            yield offset, end
        offset = end


def _resumes(data: bytes, offset: int) -> int:
    """Where the first whole record after a damaged one begins, else the end."""
    head = Head.read(data[offset : offset + HEAD_BYTES])
    if head is not None:  # only the payload is damaged, and may hold what looks like a record
        end = offset + HEAD_BYTES + head.length
        if end == len(data) or whole_end(data, end) is not None:
            return end
    found = next_whole(data, offset + HEAD_BYTES)
    return len(data) if found is None else found


def _set_aside(path: Path, data: bytearray, first: int, end: int) -> SetAside:
    """Keep the bytes in a file of their own, and put a gap in their place."""
    kept = path.parent / DAMAGED / f"{path.stem}-{first}.bytes"
    kept.parent.mkdir(exist_ok=True)
    _write(kept, bytes(data[first:end]))
    position = int(path.stem) + first
    head = Head(end - first - HEAD_BYTES, position, 0, is_gap=True).written()
    data[first : first + HEAD_BYTES] = head
    return SetAside(path, first, end, kept)


def _replace(path: Path, data: bytes) -> None:
    """Put a segment in the place of the old one: as it was or as it shall be, nothing between."""
    new = path.with_suffix(".mended")
    _write(new, data)
    new.replace(path)
    sync_directory(path.parent)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    sync_directory(path.parent)
