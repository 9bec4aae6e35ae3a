"""Sends what is left when the process ends, and starts anew in a forked child."""

import atexit
import os
import signal
import sys
import threading
import time
import weakref
from collections.abc import Callable
from types import FrameType
from typing import Protocol


class Ending(Protocol):
    """What has something left to send."""

    def close(self, timeout: float) -> bool:
        """Send it, within so many seconds."""

    def after_fork(self) -> None:
        """Forget everything: it belongs to the parent."""


def at_exit(ending: Ending, timeout: float) -> Callable[[], None]:
    """Close at the end of the interpreter; the answer takes that back.

    Children of `multiprocessing` end without `atexit` and have a list of their own.
    """
    atexit.register(ending.close, timeout)
    util = sys.modules.get("multiprocessing.util")
    finalizer = None
    if util is not None:
        finalizer = util.Finalize(None, ending.close, args=(timeout,), exitpriority=100)

    def undo() -> None:
        atexit.unregister(ending.close)
        if finalizer is not None:
            finalizer.cancel()

    return undo


def in_children(ending: Ending) -> None:
    """Call `after_fork` in every forked child while the object lives."""
    reference = weakref.ref(ending)

    def forget() -> None:
        alive = reference()
        if alive is not None:
            alive.after_fork()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forget)


class Closing:
    """The handler of SIGTERM: closes all that still live, then lets the signal do its work."""

    def __init__(self) -> None:
        self._endings: list[tuple[weakref.ref[Ending], float]] = []

    def add(self, ending: Ending, timeout: float) -> None:
        """Close this one too."""
        self._endings.append((weakref.ref(ending), timeout))

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Close, then end the process as if nobody had handled the signal."""
        started = time.monotonic()
        for reference, timeout in self._endings:
            alive = reference()
            if alive is not None:  # the time is one for all: whoever sent the signal has one, too
                alive.close(max(0.0, started + timeout - time.monotonic()))
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


def on_sigterm(ending: Ending, timeout: float) -> None:
    """Close before SIGTERM ends the process, where nobody else handles that signal.

    A program's own handler, set before or after, is left alone; then `atexit` has to do.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    handler = signal.getsignal(signal.SIGTERM)
    if handler is signal.SIG_DFL:
        handler = Closing()
        signal.signal(signal.SIGTERM, handler)
    if isinstance(handler, Closing):
        handler.add(ending, timeout)
