"""Has the child of a run started, watches it, ends it when told to or when it takes too long."""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from trainer.directory import RunDirectory

_TICK = 0.05
_LAST_LINES = 5


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: its exit code (minus the signal), and why it was ended, if it was."""

    code: int
    ended_for: str = ""

    def describe(self, log: str) -> str:
        """What happened, in one line, with the last lines of the log."""
        if self.ended_for:
            what = self.ended_for
        elif self.code < 0:
            what = f"the training process was ended by signal {_signal(-self.code)}"
        else:
            what = f"the training process ended with code {self.code}"
        said = " | ".join(line.strip() for line in log.strip().splitlines()[-_LAST_LINES:])
        return f"{what}: {said}" if said else what


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


class Attendant:
    """Keeps one process with the libraries loaded, from which the child of each run is forked.

    It is started for the first run and ends by itself when long idle. Used by one thread.
    """

    def __init__(self) -> None:
        self._warm: subprocess.Popen[bytes] | None = None

    def attend(self, directory: RunDirectory, patience: timedelta, stop: threading.Event) -> Ended:
        """Run a directory to its end; what the child says goes to its `log.txt`."""
        warm = self._ready()
        assert warm.stdin is not None
        assert warm.stdout is not None
        deadline = time.monotonic() + patience.total_seconds()
        with suppress(BrokenPipeError):
            warm.stdin.write(f"{directory.path}\n".encode())
            warm.stdin.flush()
        while not select.select([warm.stdout], [], [], _TICK)[0]:
            if stop.is_set():
                return Ended(self._kill(), "the service stopped")
            if time.monotonic() > deadline:
                return Ended(self._kill(), f"the run took longer than {patience}")
        code = warm.stdout.readline()
        return Ended(int(code) if code else self._kill())

    def close(self) -> None:
        """End the process; whatever it runs ends with it."""
        self._kill()

    def _ready(self) -> "subprocess.Popen[bytes]":
        if self._warm is not None and self._warm.poll() is None:
            return self._warm
        self._kill()
        self._warm = subprocess.Popen(
            [sys.executable, "-m", "trainer", "--warm"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        return self._warm

    def _kill(self) -> int:
        """End the process and its child; the answer is its exit code."""
        warm, self._warm = self._warm, None
        if warm is None:
            return 0
        with suppress(ProcessLookupError):
            os.killpg(warm.pid, signal.SIGKILL)
        code = warm.wait()
        for pipe in (warm.stdin, warm.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        return code
