"""Has the child of a run started, watches it, ends it when told to or when it takes too long."""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from trainer.directory import RunDirectory

_TICK = 0.05
_LAST_LINES = 5
_LAST_WORDS = 5.0
STOPPED = "the service stopped"
BEGAN = b"began\n"
"""What the process says when it is about to fork the child."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: its exit code (minus the signal), and why it was ended, if it was.

    One that never `began` changed nothing; the code is that of the process it is forked from.
    """

    code: int
    ended_for: str = ""
    began: bool = True

    def describe(self, log: str) -> str:
        """What happened, in one line, with the last lines of the log."""
        if self.ended_for:
            what = self.ended_for
        elif self.code < 0:
            what = f"the training process was ended by signal {_signal(-self.code)}"
        else:
            what = f"the training process ended with code {self.code}"
        if not self.began and not self.ended_for:
            what += " before the run began"
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
        """Run a directory to its end; what the child says goes to its `log.txt`.

        A process that ends by itself before the child began (idle for too long, say) is started
        once more; one that was killed fails the run.
        """
        deadline = time.monotonic() + patience.total_seconds()

        def why() -> str:
            if stop.is_set():
                return STOPPED
            return f"the run took longer than {patience}" if time.monotonic() > deadline else ""

        ended = self._attempt(directory, why)
        if not ended.began and not ended.ended_for and ended.code >= 0:
            ended = self._attempt(directory, why)
        return ended

    def _attempt(self, directory: RunDirectory, why: Callable[[], str]) -> Ended:
        """One child; `why` says for what it is to be ended, if it is."""
        warm = self._ready(directory)
        assert warm.stdin is not None
        assert warm.stdout is not None
        with suppress(BrokenPipeError):
            warm.stdin.write(f"{directory.path}\n".encode())
        began = False
        while True:
            while not select.select([warm.stdout], [], [], _TICK)[0]:
                if reason := why():
                    return Ended(self._kill(), reason, began)
            line = warm.stdout.readline()
            if not line:
                return Ended(self._left(), began=began)
            if line != BEGAN:
                return Ended(int(line))
            began = True

    def close(self) -> None:
        """End the process; whatever it runs ends with it."""
        self._kill()

    def _ready(self, directory: RunDirectory) -> "subprocess.Popen[bytes]":
        """The process; a new one complains in the log of the run that it is started for."""
        if self._warm is not None and self._warm.poll() is None:
            return self._warm
        self._kill()
        with (directory / "log.txt").open("ab") as log:
            self._warm = subprocess.Popen(
                [sys.executable, "-m", "trainer", "--warm"],
                bufsize=0,  # what is buffered here, select does not see
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        return self._warm

    def _left(self) -> int:
        """The exit code of a process that closed its output."""
        if self._warm is not None:
            with suppress(subprocess.TimeoutExpired):
                self._warm.wait(_LAST_WORDS)
        return self._kill()

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
