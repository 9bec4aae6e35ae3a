"""Files of rows: which there are, what they hold, and their bytes without packing."""

import gzip
import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from glob import glob
from pathlib import Path
from typing import BinaryIO, cast

import click
import zstandard

ARROW = "application/vnd.apache.arrow.stream"
CSV = "text/csv"
JSON = "application/json"
NDJSON = "application/x-ndjson"
PARQUET = "application/vnd.apache.parquet"
_MEDIA_TYPES = {
    ".parquet": PARQUET,
    ".csv": CSV,
    ".json": JSON,
    **dict.fromkeys((".ndjson", ".jsonl"), NDJSON),
    **dict.fromkeys((".arrow", ".arrows"), ARROW),
}
_PACKED = {".gz": "gzip", ".zst": "zstd"}
_DIGITS = 24


def media_type(file: Path) -> str:
    """The media type of a file by its ending. Raises UsageError for one we do not know.

    >>> media_type(Path("january.csv.gz"))
    'text/csv'
    """
    packed = file.suffix.lower() in _PACKED
    found = _MEDIA_TYPES.get(Path(file.stem).suffix.lower() if packed else file.suffix.lower())
    if found is None or (packed and found not in {CSV, NDJSON, JSON}):
        known = ", ".join(sorted(_MEDIA_TYPES))
        raise click.UsageError(
            f"cannot tell what {file.name} is; known endings: {known}; texts also with .gz or .zst"
        )
    return found


def found(patterns: Sequence[str]) -> list[Path]:
    """The files that names and patterns stand for, each once, in the order given.

    Raises UsageError if one of them stands for nothing, or for what we do not read.
    """
    files: dict[Path, None] = {}
    for pattern in patterns:
        exact = Path(pattern)
        names = [pattern] if exact.exists() else sorted(glob(pattern, recursive=True))  # noqa: PTH207
        paths = [Path(name) for name in names if Path(name).is_file()]
        if not paths:
            raise click.UsageError(f"no file {pattern}")
        files |= dict.fromkeys(paths)
    for file in files:
        media_type(file)
    return list(files)


class MadeIds:
    """Ids for the rows of a file that have none: made of what is in it and their numbers.

    The same bytes give the same ids, wherever they lie; a file that was changed gives others.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._digest = ""

    def __getitem__(self, number: int) -> str:
        if not self._digest:  # reads all of the file, so only where an id is missing
            with self._file.open("rb") as content:
                self._digest = hashlib.file_digest(content, "sha256").hexdigest()[:_DIGITS]
        return f"{self._digest}-{number}"


def encoding(file: Path) -> str:
    """The content encoding that a file is packed with, empty if it is not."""
    return _PACKED.get(file.suffix.lower(), "")


@contextmanager
def unpacked(file: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The content without .gz or .zst, a piece at a time, and the file beneath it."""
    with file.open("rb") as raw:
        if encoding(file) == "gzip":
            with gzip.open(raw) as content:
                yield cast(BinaryIO, content), raw
        elif encoding(file) == "zstd":
            reader = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
            with io.BufferedReader(cast(io.RawIOBase, reader), 1 << 20) as lines:
                yield cast(BinaryIO, lines), raw
        else:
            yield raw, raw
