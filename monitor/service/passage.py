"""Bodies on their way from the event loop to the store, and the answers back, many at a time.

Waking a thread costs more than storing a row. So bodies that came together are handed over
together, and answers that are there together wake the loop once.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from weakref import WeakKeyDictionary

from fastapi.concurrency import run_in_threadpool

from monitor.core.ports import PredictionLog
from monitor.core.rows import Accepted, Body, Kind

INLINE = 64 << 10
"""Bytes below which a body is looked at on the loop: handing it to a thread costs more."""
_GROUP = 24
"""Bodies that are handed over at once: while they are written, the next ones are looked at."""


class Passage:
    """Stores bodies for whoever awaits it, on whatever loop."""

    def __init__(self, log: PredictionLog) -> None:
        self._log = log
        self._lanes: WeakKeyDictionary[asyncio.AbstractEventLoop, _Lane] = WeakKeyDictionary()

    async def store(self, model: str, kind: Kind, body: Body) -> Accepted:
        """What became of the rows of a body, once they are on disk. Raises what `submit` does.

        Who stops waiting does not cancel what is about to be written.
        """
        loop = asyncio.get_running_loop()
        lane = self._lanes.get(loop)
        if lane is None:
            lane = self._lanes[loop] = _Lane(loop, self._log)
        answered: asyncio.Future[Accepted] = loop.create_future()
        submit = partial(self._log.submit, model, kind, body, partial(lane.told, answered))
        if len(body.content) < INLINE and not body.encoding:
            submit()
            lane.flush_soon()
        else:
            await run_in_threadpool(_both, submit, self._log.flush)
        return await answered


def _both(submit: Callable[[], None], flush: Callable[[], None]) -> None:
    submit()
    flush()


class _Lane:
    """What is under way for one loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, log: PredictionLog) -> None:
        self._loop = loop
        self._log = log
        self._will_flush = False
        self._will_answer = False
        self._submitted = 0
        self._answers: deque[tuple[asyncio.Future[Accepted], Accepted | Exception]] = deque()

    def flush_soon(self) -> None:
        """Hand over what has come when the loop has nothing else that is ready, or it is much."""
        self._submitted += 1
        if self._submitted >= _GROUP:
            self._submitted = 0
            self._log.flush()
        elif not self._will_flush:
            self._will_flush = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._will_flush = False
        if self._submitted:
            self._submitted = 0
            self._log.flush()

    def told(self, answered: "asyncio.Future[Accepted]", done: Accepted | Exception) -> None:
        """Called by the thread that writes."""
        self._answers.append((answered, done))
        if not self._will_answer:
            self._will_answer = True
            with suppress(RuntimeError):  # the loop is closed: nobody waits for an answer
                self._loop.call_soon_threadsafe(self._answer)

    def _answer(self) -> None:
        self._will_answer = False  # first, so that what comes from now on calls again
        while self._answers:
            answered, done = self._answers.popleft()
            if answered.done():  # its sender has hung up
                continue
            if isinstance(done, Accepted):
                answered.set_result(done)
            else:
                answered.set_exception(done)
