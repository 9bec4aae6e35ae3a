"""Lets any thread wake the one that sends."""

import contextlib
import queue


class Wake:
    """Wakes one thread. May be called anywhere, a finalizer in the middle of a call included.

    That is why it is no Event: the lock of one is not re-entrant, a SimpleQueue is.
    """

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[None] = queue.SimpleQueue()

    def call(self) -> None:
        """End the present or the next wait; more calls before that do nothing more."""
        if self._calls.empty():
            self._calls.put(None)

    def wait(self, timeout: float) -> None:
        """Until called, so many seconds at most."""
        with contextlib.suppress(queue.Empty):
            self._calls.get(timeout=timeout)
