"""Where the files of one run lie, each written whole or not at all."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from trainer.records import Assignment, Record

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """The directory that the worker fills with the assignment, and the child with the rest."""

    path: Path

    def __truediv__(self, name: str) -> Path:
        """The path of one of its files."""
        return self.path / name

    def has(self, name: str) -> bool:
        """Whether a file was written."""
        return (self.path / name).exists()

    def write(self, name: str, value: object) -> None:
        """Write a value as JSON; a reader sees the old file or the new one."""
        write_whole(self.path / name, msgspec.json.format(msgspec.json.encode(value), indent=1))

    def read(self, name: str, kind: type[T]) -> T:
        """Read a JSON file as a dataclass or plain value. Raises msgspec.ValidationError."""
        return msgspec.json.decode((self.path / name).read_bytes(), type=kind, strict=False)

    def numbers(self, name: str) -> Mapping[str, Any]:
        """Read a JSON object."""
        return cast(dict[str, Any], msgspec.json.decode((self.path / name).read_bytes()))

    @property
    def assignment(self) -> Assignment:
        """What the child is asked to do."""
        return self.read("request.json", Assignment)

    @property
    def record(self) -> Record:
        """What was written down so far; empty before the first stage."""
        return self.read("record.json", Record) if self.has("record.json") else Record()


def write_whole(path: Path, content: bytes) -> None:
    """Put a file in place in one step, after its bytes are on disk."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
