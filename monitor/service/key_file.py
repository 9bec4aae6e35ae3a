"""The keys that a data directory holds: only their digests, each under a name."""

import hashlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from monitor.core.errors import SettingError

FILE = "keys.json"
_BYTES = 32


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A key that somebody was given. `digest` is the SHA-256 of it, in hexadecimal."""

    name: str
    digest: str
    created_at: datetime


@dataclass(slots=True)
class KeyFile:
    """Reads the file again when it has changed. While there is a file, a key is asked for."""

    path: Path
    _stamp: tuple[int, int, int] | None = None
    _digests: Sequence[bytes] = field(default_factory=tuple)

    def digests(self) -> Sequence[bytes] | None:
        """SHA-256 of each key, as 32 bytes; None where there is no file.

        A file that cannot be read lets nobody in.
        """
        try:
            found = self.path.stat()
        except FileNotFoundError:
            self._stamp = None
            return None
        except OSError:
            return ()
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        if stamp != self._stamp:
            try:
                self._digests = [bytes.fromhex(key.digest) for key in self.held()]
            except (SettingError, ValueError):
                self._digests = ()
            self._stamp = stamp
        return self._digests

    def held(self) -> Sequence[NamedKey]:
        """Every key, in the order in which they were made. Raises SettingError."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=list[NamedKey])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.MsgspecError) as problem:
            raise SettingError("keys", f"cannot read {self.path}: {problem}") from problem

    def add(self, name: str, now: datetime) -> str:
        """A new key; only its digest is kept. Raises SettingError if the name is taken."""
        keys = self.held()
        if any(key.name == name for key in keys):
            raise SettingError("keys", f"there is a key {name!r} already; revoke it first")
        made = secrets.token_urlsafe(_BYTES)
        digest = hashlib.sha256(made.encode()).hexdigest()
        self._write([*keys, NamedKey(name, digest, now)])
        return made

    def revoke(self, name: str) -> None:
        """Forget a key: it opens nothing from now on. Raises SettingError if there is none."""
        keys = self.held()
        kept = [key for key in keys if key.name != name]
        if len(kept) == len(keys):
            known = ", ".join(key.name for key in keys) or "none"
            raise SettingError("keys", f"there is no key {name!r}; known: {known}")
        self._write(kept)

    def _write(self, keys: Sequence[NamedKey]) -> None:
        """In one step, and for this user alone."""
        fresh = self.path.with_suffix(".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123  a mode from the first byte on
                file.write(msgspec.json.format(msgspec.json.encode(keys)) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
        except OSError as problem:
            raise SettingError("keys", f"cannot write {self.path}: {problem.strerror}") from problem
