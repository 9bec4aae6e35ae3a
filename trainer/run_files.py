"""What a run leaves for people to read: reports, tables and its log."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from monitor.core.errors import UnknownFileError

FILES: Mapping[str, str] = MappingProxyType(
    {
        "explore.html": "explore.html",
        "explore.json": "explore.json",
        "experiments.json": "experiments.json",
        "cleaning.json": "cleaning.json",
        "evaluation.json": "evaluation.json",
        "verdict.json": "verdict.json",
        "snapshot.json": "snapshot.json",
        "request.json": "request.json",
        "model_card.md": "artefact/model_card.md",
        "manifest.json": "artefact/manifest.json",
        "log.txt": "log.txt",
    }
)
"""By the name that one asks for; the path in the run directory."""


def listed(directory: Path) -> list[str]:
    """The names of files that a run has left so far."""
    return [name for name, path in FILES.items() if (directory / path).is_file()]


def content(directory: Path, run: str, name: str) -> bytes:
    """A file of a run. Raises UnknownFileError."""
    known = listed(directory)
    if name not in known:
        raise UnknownFileError(run, name, known)
    return (directory / FILES[name]).read_bytes()
