"""A data directory as one file: packed while nobody uses it, unpacked only if every byte is right.

A tar archive in a zstd stream. Its last member lists the SHA-256 of each file before it, so an
archive that was cut off or changed is noticed.
"""

import hashlib
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import msgspec
import zstandard

from monitor.core.errors import DataDirectoryError
from monitor.store.store import locked

MANIFEST = "watchkeeper-backup.json"
_LEFT_OUT = frozenset({"lock"})
_CHUNK = 1 << 20


def pack(data_dir: Path, file: Path) -> tuple[int, int]:
    """Write a data directory to a file; the answer is how many files and bytes are in it.

    The file is there whole or not at all. Raises DataDirectoryError if the directory is not there
    or in use, or the file is or cannot be written.
    """
    if not data_dir.is_dir():
        raise DataDirectoryError(f"there is no data directory {data_dir}")
    if file.exists():
        raise DataDirectoryError(f"{file} exists already; give another name")
    with _held(data_dir), _problems(f"cannot write {file}"):
        fresh = file.with_name(f"{file.name}.part")
        try:
            digests, size = _written(data_dir, fresh)
            fresh.replace(file)
        finally:
            fresh.unlink(missing_ok=True)
    return len(digests), size


def unpack(file: Path, data_dir: Path) -> tuple[int, int]:
    """Make a data directory of a file; the answer is how many files and bytes were in it.

    It is there whole or not at all. Raises DataDirectoryError if the directory holds anything, or
    the file is not what was packed.
    """
    if data_dir.exists() and (not data_dir.is_dir() or any(data_dir.iterdir())):
        raise DataDirectoryError(f"{data_dir} is there already; restore into a new directory")
    with _problems(f"cannot restore {file}"):
        data_dir.parent.mkdir(parents=True, exist_ok=True)
        place = tempfile.mkdtemp(prefix=f"{data_dir.name}.", dir=data_dir.parent)
        try:
            count, size = _read(file, Path(place))
            if data_dir.exists():
                data_dir.rmdir()
            Path(place).replace(data_dir)
        finally:
            shutil.rmtree(place, ignore_errors=True)
    return count, size


@contextmanager
def _held(data_dir: Path) -> Iterator[None]:
    lock = locked(data_dir)
    try:
        yield
    finally:
        os.close(lock)


@contextmanager
def _problems(said: str) -> Iterator[None]:
    try:
        yield
    except (
        OSError,
        EOFError,
        tarfile.TarError,
        zstandard.ZstdError,
        msgspec.MsgspecError,
    ) as problem:
        raise DataDirectoryError(f"{said}: {problem}") from problem


def _files(data_dir: Path) -> list[Path]:
    return sorted(p for p in data_dir.rglob("*") if p.is_file() and not p.is_symlink())


def _written(data_dir: Path, fresh: Path) -> tuple[dict[str, str], int]:
    digests: dict[str, str] = {}
    size = 0
    with fresh.open("wb") as raw:
        fresh.chmod(0o600)
        packer = zstandard.ZstdCompressor(level=3, write_checksum=True)
        with (
            packer.stream_writer(raw, closefd=False) as packed,
            tarfile.open(fileobj=cast(IO[bytes], packed), mode="w|") as archive,
        ):
            for path in _files(data_dir):
                name = path.relative_to(data_dir).as_posix()
                if name in _LEFT_OUT:
                    continue
                with path.open("rb") as content:
                    digests[name] = hashlib.file_digest(content, "sha256").hexdigest()
                size += path.stat().st_size
                archive.add(path, name, recursive=False)
            manifest = msgspec.json.encode(digests)
            told = tarfile.TarInfo(MANIFEST)
            told.size = len(manifest)
            archive.addfile(told, io.BytesIO(manifest))
        raw.flush()
        os.fsync(raw.fileno())
    return digests, size


def _read(file: Path, place: Path) -> tuple[int, int]:
    digests: dict[str, str] = {}
    told: dict[str, str] | None = None
    size = 0
    with (
        file.open("rb") as raw,
        zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True) as packed,
        tarfile.open(fileobj=cast(IO[bytes], packed), mode="r|") as archive,
    ):
        for member in archive:
            if not member.isfile():
                raise DataDirectoryError(f"{file} is no backup: {member.name!r} is no file")
            content = archive.extractfile(member)
            assert content is not None, "a file has content"
            if member.name == MANIFEST:
                told = msgspec.json.decode(content.read(), type=dict[str, str])
                continue
            digests[member.name] = _unpacked(content, _inside(place, member.name), member.mode)
            size += member.size
    if told is None or told != digests:
        raise DataDirectoryError(f"{file} is damaged: it does not hold what was packed into it")
    return len(digests), size


def _inside(place: Path, name: str) -> Path:
    path = (place / name).resolve()
    if not path.is_relative_to(place.resolve()):
        raise DataDirectoryError(f"{name!r} would lie outside of the directory")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _unpacked(content: IO[bytes], path: Path, mode: int) -> str:
    digest = hashlib.sha256()
    with path.open("xb") as file:
        while part := content.read(_CHUNK):
            digest.update(part)
            file.write(part)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(mode & 0o700)
    return digest.hexdigest()
