"""Starts the child of a run, watches it, and ends it when it is told to or takes too long."""

import os
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


def attend(directory: RunDirectory, patience: timedelta, stop: threading.Event) -> Ended:
    """Run the child of a directory to its end; what it says goes to `log.txt`."""
    command = [sys.executable, "-m", "trainer", str(directory.path), "--attended"]
    with (directory / "log.txt").open("ab") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # closes with us, and the child ends with it
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        return _watch(child, patience, stop)
    finally:
        if child.poll() is None:
            _kill(child)
        if child.stdin is not None:
            child.stdin.close()


def _watch(child: "subprocess.Popen[bytes]", patience: timedelta, stop: threading.Event) -> Ended:
    deadline = time.monotonic() + patience.total_seconds()
    while True:
        try:
            return Ended(child.wait(_TICK))
        except subprocess.TimeoutExpired:
            pass
        if stop.is_set():
            return Ended(_kill(child), "the service stopped")
        if time.monotonic() > deadline:
            return Ended(_kill(child), f"the run took longer than {patience}")


def _kill(child: "subprocess.Popen[bytes]") -> int:
    """End the child, not yet waited for, and whatever it started."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    return child.wait()
