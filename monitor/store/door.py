"""Where rows come in: what is acknowledged here is on disk, once.

One thread decides what is new and writes the journal, for all requests that wait at that moment
together: they share one `fdatasync`. A record holds the body as it was sent and the numbers of the
rows in it that count for nothing, so folding it needs no second decision.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import timedelta
from time import perf_counter

import numpy as np

from monitor.core.errors import NotReadyError, UnavailableError
from monitor.core.ports import Clock, Decoder, Told
from monitor.core.rows import MICROSECOND, Accepted, Body, Intake, Kind, microseconds
from monitor.store.admission import Admitted, Waiting, admit
from monitor.store.catalog import Catalog
from monitor.store.folding import Folder
from monitor.store.journal import Journal
from monitor.store.record import made_id
from monitor.store.seen import Seen, Words, hashes_of

_LOG = logging.getLogger(__name__)
_WAITING_BYTES = 256 << 20
_UNFOLDED_BYTES = 1 << 30
_UNFOLDED_ROWS = 1_000_000
_GROUP_BYTES = 32 << 20


def unwatched(seconds: float) -> None:
    """Nobody wants to know how long it took."""


class Door:
    """Takes bodies in. `wrote` is called with the seconds that each write of the journal took."""

    def __init__(
        self,
        journal: Journal,
        catalog: Catalog,
        decoder: Decoder,
        seen: Callable[[str], Seen],
        clock: Clock,
        folder: Folder,
        wrote: Callable[[float], None] = unwatched,
    ) -> None:
        self._journal = journal
        self._catalog = catalog
        self._decoder = decoder
        self._seen = seen
        self._clock = clock
        self._folder = folder
        self._wrote = wrote
        self._queue: deque[Waiting] = deque()
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._bytes = 0
        self._rows = 0
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def intake(self) -> Intake:
        """What is under way from here to the tables."""
        backlog, now = self._folder.backlog, microseconds(self._clock())
        oldest = backlog.oldest
        lag = timedelta() if oldest is None else max(now - oldest, 0) * MICROSECOND
        return Intake(self._rows, backlog.rows, self._folder.lag_bytes, lag)

    def append(self, model: str, kind: Kind, body: Body) -> "Future[Accepted]":
        """Store predictions or actuals; when the future has its result they are on disk."""
        future: Future[Accepted] = Future()
        future.set_running_or_notify_cancel()  # what is about to be written cannot be cancelled

        def told(done: Accepted | Exception) -> None:
            if isinstance(done, Accepted):
                future.set_result(done)
            else:
                future.set_exception(done)

        self.submit(model, kind, body, told)
        self.flush()
        return future

    def submit(self, model: str, kind: Kind, body: Body, told: Told) -> None:
        """The same, with a call in place of a future, which costs more than the rest."""
        self._catalog.table(model)
        received_at = microseconds(self._clock())
        rows = self._decoder.look(body, kind)
        self._enter(Waiting.of(model, kind, body, rows, received_at, told))

    def flush(self) -> None:
        """Wake the thread that writes what was submitted."""
        self._wake.set()

    def close(self) -> None:
        """Write what waits, then stop. Later calls of `append` raise NotReadyError."""
        with self._lock:
            self._closing = True
        self._wake.set()
        self._thread.join()

    def _enter(self, waiting: Waiting) -> None:
        size = len(waiting.body.content)
        with self._lock:
            if self._closing:
                raise NotReadyError("the service is stopping; send it again later")
            if self._bytes and self._bytes + size > _WAITING_BYTES:
                raise UnavailableError("too many rows wait for the disk; send it again")
            behind = self._folder
            if behind.lag_bytes > _UNFOLDED_BYTES or behind.backlog.rows > _UNFOLDED_ROWS:
                raise UnavailableError("too many rows wait to be folded; send it again", 2)
            self._bytes += size
            self._rows += waiting.rows.size
            self._queue.append(waiting)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()  # before the look, so that what comes after it wakes again
            closing = self._closing
            while group := self._next_group():
                try:
                    self._store(group)
                except Exception:  # the thread must go on, or nobody is ever answered again
                    _LOG.exception("storing %d bodies failed", len(group))
                with self._lock:
                    self._bytes -= sum(len(w.body.content) for w in group)
                    self._rows -= sum(w.rows.size for w in group)
            if closing:
                return

    def _next_group(self) -> list[Waiting]:
        group: list[Waiting] = []
        size = 0
        while self._queue and size < _GROUP_BYTES:
            group.append(self._queue.popleft())
            size += len(group[-1].body.content)
        return group

    def _store(self, group: Sequence[Waiting]) -> None:
        """Write a group, and tell every sender in it what became of the body."""
        admitted = admit(group, self._seen)
        records = [done for done in admitted if done.accepted.accepted]
        try:
            if records:
                self._write(records)
        except Exception as problem:  # whatever it is, senders must hear of it
            if not isinstance(problem, UnavailableError):
                _LOG.exception("storing %d bodies failed", len(group))
            for done in admitted:
                if done.new:
                    self._seen(done.waiting.model).forget(done.new)
                _tell(done.waiting, problem)
            return
        for done in admitted:
            _tell(done.waiting, done.accepted)
        if records:
            self._folder.written()

    def _write(self, records: Sequence[Admitted]) -> None:
        with self._folder.handover:
            began = perf_counter()
            positions = self._journal.append([done.payload for done in records])
            seconds = perf_counter() - began
            end = self._journal.end
            for model, (ids, hashes) in _new_ids(records, positions).items():
                self._seen(model).wrote(ids, hashes, end)
            self._folder.backlog.wrote(
                end,
                sum(done.accepted.accepted for done in records),
                min(done.waiting.received_at for done in records),
            )
        self._wrote(seconds)


def _tell(waiting: Waiting, done: Accepted | Exception) -> None:
    try:
        waiting.told(done)
    except Exception:  # one sender must not take its neighbours along
        _LOG.exception("a sender could not be told what became of its rows")


def _new_ids(
    records: Sequence[Admitted], positions: Sequence[int]
) -> dict[str, tuple[Sequence[str], Words]]:
    """The ids that each model has got by these records, those that are made of positions too."""
    groups: dict[str, list[tuple[Admitted, int]]] = {}
    for done, position in zip(records, positions, strict=True):
        if done.new or done.unnamed:
            groups.setdefault(done.waiting.model, []).append((done, position))
    new: dict[str, tuple[Sequence[str], Words]] = {}
    for model, group in groups.items():
        ids = [x for done, _ in group for x in done.new]
        ids += [f"{made_id(at)}-{i}" for done, at in group for i in done.unnamed]
        known = [done.hashes for done, _ in group if done.hashes is not None]
        whole = len(known) == len(group)
        new[model] = ids, np.concatenate(known) if whole else hashes_of(ids)
    return new
