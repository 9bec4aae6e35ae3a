"""How much the client holds, in memory and on disk, and where the disk is."""

import os
from dataclasses import dataclass
from pathlib import Path

from watchkeeper.wire import BATCH_BYTES, BATCH_ROWS


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is held, and when it is sent. Times are seconds."""

    ring_rows: int = 10_000
    ring_bytes: int = 64 << 20
    batch_rows: int = BATCH_ROWS
    batch_bytes: int = BATCH_BYTES
    linger: float = 1.0
    spool_bytes: int = 256 << 20
    exit_timeout: float = 5.0


def default_directory() -> Path:
    """Where spools go unless told otherwise: `WATCHKEEPER_SPOOL_DIR`, else the user's state."""
    named = os.environ.get("WATCHKEEPER_SPOOL_DIR")
    if named:
        return Path(named)
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "watchkeeper" / "spool"
