"""Keeps halves of predictions on disk until they have met, and then stores the whole.

A half is in a journal of its own before it is acknowledged. Ids make all that follows repeatable:
a pair that was stored, and whose end was not written down before a crash, is stored again and
counts as a duplicate. So a stop at any instant loses nothing and doubles nothing.
"""

import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from monitor.core.errors import NotReadyError, UnavailableError, WatchkeeperError
from monitor.core.halves import Half, Side
from monitor.core.ports import Clock, PredictionLog
from monitor.core.rows import Accepted, Body, Kind, microseconds
from monitor.store.journal import Journal
from monitor.store.meeting import HELD_BYTES, Kept, Meeting, kept_of

PATIENCE = timedelta(minutes=10)
"""How long a half waits for the other one."""
_LOG = logging.getLogger(__name__)
_SEGMENT_BYTES = 16 << 20
_QUEUED_BYTES = 64 << 20
_GROUP = 2_000
_PAIRS = 1_000
_PAIR_BYTES = 8 << 20
_TICK_SECONDS = 0.5
_ANSWER_SECONDS = 60.0
_QUIET_SECONDS = 10.0
_FOLD = timedelta(seconds=10)

Stored = Callable[[str, Accepted], None]
"""Hears of rows of a model that were stored."""
Alone = Callable[[str, Side], None]
"""Hears of a half of a model that was stored without the other."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    entries: Sequence[Kept]
    size: int
    future: "Future[Sequence[bool]]"


class Halves:
    """Joins halves of the same model, component and event, in whatever order they come.

    One that waited for `patience` is stored alone: a request without a prediction, a response
    without features. Takes no more than 16 MB a segment on disk beyond what waits.
    Raises JournalDamagedError.
    """

    def __init__(
        self,
        directory: Path,
        log: PredictionLog,
        clock: Clock,
        stored: Stored,
        alone: Alone,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._journal = Journal(directory, None, _SEGMENT_BYTES)
        self._log, self._clock = log, clock
        self._stored, self._alone = stored, alone
        self._meeting = Meeting(microseconds(clock()), patience)
        self._meeting.restore((at, payload) for at, _, payload in self._journal.read(0))
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._bytes = 0
        self._tidied = 0
        self._warned_at = float("-inf")
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="halves", daemon=True)
        self._thread.start()

    def add(self, halves: Sequence[Half]) -> "Future[Sequence[bool]]":
        """Keep halves; when the future has its result they are on disk. False marks a duplicate.

        Raises NotReadyError, UnavailableError; the future raises JournalFullError.
        """
        now = microseconds(self._clock())
        entries = [kept_of(half, now) for half in halves]
        waiting = _Waiting(entries, sum(len(kept.payload) for kept in entries), Future())
        with self._lock:
            if self._closing:
                raise NotReadyError("the service is stopping; send it again later")
            if self._bytes and self._bytes + waiting.size > _QUEUED_BYTES:
                raise UnavailableError("too many events wait for the disk; send it again")
            if self._meeting.size > 2 * HELD_BYTES:
                raise UnavailableError("too many events wait to be stored; send it again", 2)
            self._bytes += waiting.size
            self._queue.put(waiting)
        return waiting.future

    @property
    def waiting(self) -> int:
        """Halves that wait for the other one, or to be stored."""
        return len(self._meeting)

    def close(self) -> None:
        """Write what waits, then stop. Later calls of `add` raise NotReadyError."""
        with self._lock:
            self._closing = True
        self._queue.put(None)
        self._thread.join()
        self._journal.close()

    def _run(self) -> None:
        last = False
        while not last:
            group, last = self._next_group()
            try:
                if group:
                    self._keep(group)
                self._part_late()
                while self._store_whole():
                    pass
                if last or not group or self._journal.end > self._tidied + _SEGMENT_BYTES:
                    self._tidy()
            except UnavailableError as problem:
                self._warn(problem)
            except Exception:  # the halves are safe in the journal; try again
                _LOG.exception("halves could not be stored; they are tried again")

    def _warn(self, problem: UnavailableError) -> None:
        """Say now and then that halves wait; they are on disk, and are tried again."""
        if time.monotonic() - self._warned_at >= _QUIET_SECONDS:
            self._warned_at = time.monotonic()
            _LOG.warning("%d halves wait: %s", self.waiting, problem)

    def _next_group(self) -> tuple[list[_Waiting], bool]:
        """What waits, and whether it is the last; after a while nothing."""
        group: list[_Waiting] = []
        with suppress(queue.Empty):
            first = self._queue.get(timeout=_TICK_SECONDS)
            while first is not None:
                group.append(first)
                if len(group) >= _GROUP:
                    return group, False
                first = self._queue.get_nowait()
            return group, True
        return group, False

    def _keep(self, group: Sequence[_Waiting]) -> None:
        """Write a group with one wait for the disk, and answer it."""
        answers = [[self._meeting.reserve(kept) for kept in w.entries] for w in group]
        fresh = [
            kept
            for waiting, news in zip(group, answers, strict=True)
            for kept, new in zip(waiting.entries, news, strict=True)
            if new
        ]
        try:
            records = [*(kept.payload for kept in fresh), *self._meeting.ends()]
            positions = self._journal.append(records) if records else []
        except BaseException as problem:  # whatever it is, senders must hear of it
            self._meeting.release(fresh)
            for waiting in group:
                waiting.future.set_exception(problem)
            raise
        finally:
            with self._lock:
                self._bytes -= sum(waiting.size for waiting in group)
        self._meeting.ended()
        for kept, position in zip(fresh, positions, strict=False):
            self._meeting.add(kept, position)
        for waiting, news in zip(group, answers, strict=True):
            waiting.future.set_result(news)

    def _store_whole(self) -> bool:
        """Store some pairs; false when there were none."""
        pairs = self._meeting.whole(_PAIRS, _PAIR_BYTES)
        for model in dict.fromkeys(pair.key[0] for pair in pairs):
            of_model = [pair for pair in pairs if pair.key[0] == model]
            for body in _bodies(row for pair in of_model for row in pair.rows()):
                self._append(model, body)
            for pair in of_model:
                if pair.alone is not None:
                    self._alone(model, pair.alone)
            self._meeting.settle(of_model)
        return bool(pairs)

    def _append(self, model: str, body: Body) -> None:
        """Store rows. Were one unreadable, it must not keep all others from the disk."""
        try:
            done = self._log.append(model, Kind.PREDICTIONS, body).result(_ANSWER_SECONDS)
        except UnavailableError:
            raise
        except WatchkeeperError:
            _LOG.exception("rows of model %s cannot be read", model)
            return
        for rejection in done.rejected:
            _LOG.error("a row of model %s cannot be read: %s", model, rejection.error)
        self._stored(model, done)

    def _part_late(self) -> None:
        """Let go of what waited long enough, and of responses whose event was stored before."""
        late = self._meeting.late(microseconds(self._clock()), _PAIRS)
        stored: set[tuple[str, str]] = set()
        for model in dict.fromkeys(kept.key[0] for kept in late if kept.side is Side.RESPONSE):
            events = [kept.key[2] for kept in late if kept.key[0] == model]
            stored |= {(model, event) for event in self._answered(model, events)}
        for kept in late:
            if kept.side is Side.RESPONSE and (kept.key[0], kept.key[2]) in stored:
                self._meeting.forget(kept)
            else:
                self._meeting.part(kept)

    def _answered(self, model: str, events: Sequence[str]) -> set[str]:
        """Those of the events that are stored with an answer."""
        self._log.wait_folded(_FOLD)
        ids = {name: event for event in events for name in (event, f"{event}-0")}
        found = self._log.by_id(model, list(ids))
        return {
            ids[row["prediction_id"]]
            for row in found
            if row.get("prediction") is not None or row.get("score") is not None
        }

    def _tidy(self) -> None:
        """Write down what is over, and delete what nobody waits for."""
        if ends := self._meeting.ends():
            self._journal.append(ends)
            self._meeting.ended()
        if self._journal.end != self._tidied:
            self._tidied = self._journal.end
            self._journal.forget(self._meeting.first(self._tidied))


def _bodies(rows: Iterable[Mapping[str, Any]]) -> Iterator[Body]:
    """Rows as bodies of a bounded size."""
    lines, size = [], 0
    for row in rows:
        lines.append(json.dumps(row, ensure_ascii=False).encode())
        size += len(lines[-1])
        if size > _PAIR_BYTES:
            yield Body(b"\n".join(lines), "application/x-ndjson")
            lines, size = [], 0
    if lines:
        yield Body(b"\n".join(lines), "application/x-ndjson")
