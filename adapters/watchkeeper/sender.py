"""The background thread: sends rows in batches, and spools them while the server is away."""

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from watchkeeper import exits
from watchkeeper.breaker import Breaker
from watchkeeper.counters import Complaints, Counters, Tally, spelt
from watchkeeper.delivery import Delivery
from watchkeeper.limits import Limits
from watchkeeper.ring import Entry, Ring
from watchkeeper.spool import Spool
from watchkeeper.transport import Transport
from watchkeeper.wake import Wake
from watchkeeper.wire import Request, requests, row_text


class Sender:
    """Owns everything that happens after a row was logged.

    The thread starts with the first row, and again with the first row in a forked child. Rows
    that the parent had not sent yet stay with the parent.
    """

    def __init__(self, transport: Transport, directory: Path | None, limits: Limits) -> None:
        self._transport = transport
        self._directory = directory
        self._limits = limits
        self._fresh()
        exits.in_children(self)
        if self._spool is not None and not self._spool.empty:
            self._start()

    def _fresh(self) -> None:
        self._ring = Ring(self._limits.ring_rows, self._limits.ring_bytes)
        self._pending: deque[Request] = deque()
        self._spool = self._open_spool()
        self._breaker = Breaker()
        self._complaints = Complaints()
        self._tally = Tally(self._complaints)
        self._delivery = Delivery(self._transport, self._breaker, self._tally, self._complaints)
        self._starting = threading.RLock()
        self._moving = threading.RLock()
        self._wake = Wake()
        self._turned = threading.Condition()
        self._settled = 0
        self._behind = self._spool is not None
        self._thread: threading.Thread | None = None
        self._closing = False
        self._closed = False
        self._left = False
        self._unregister: Callable[[], object] = int

    def _open_spool(self) -> Spool | None:
        if self._directory is None or not self._limits.spool_bytes:
            return None
        return Spool(self._directory, self._limits.spool_bytes, self._damaged)

    # ── for the threads of the program ───────────────────────────────────────────────────────

    def put(self, kind: str, row: Any, size: int) -> None:
        """Take one row; no I/O. What does not fit is counted."""
        if self._closed:
            self._turn_away("closed", 1, "logged after close()")
        elif self._ring.put(Entry(size, 1, (kind, row))):
            if self._thread is None:
                self._start()
            if self._ring.rows >= self._limits.batch_rows:
                self._wake.call()
        else:
            self._turn_away("full", 1, "logged faster than the server takes it: memory is full")

    def put_requests(self, made: Iterable[Request], deadline: float) -> None:
        """Take requests that are made already; wait for room until a steady-clock time."""
        for request in made:
            if self._closed:
                self._turn_away("closed", request.rows, "logged after close()")
            elif not self._put_when_room(request, deadline):
                self._turn_away("full", request.rows, "the server is away or slow: memory is full")

    def _put_when_room(self, request: Request, deadline: float) -> bool:
        entry = Entry(len(request.body) + 200, request.rows, request)
        self._start()
        while not self._ring.put(entry, bulk=True):
            if time.monotonic() >= deadline:
                return False
            self._wake.call()
            time.sleep(0.01)
        self._wake.call()
        return True

    def _waiting(self) -> int:
        return self._ring.rows + sum(request.rows for request in tuple(self._pending))

    def _turn_away(self, reason: str, rows: int, text: str) -> None:
        """Count rows that never came into the ring: logged and dropped."""
        self._tally.add(logged=rows)
        self._tally.drop(reason, rows, text)

    def complain(self, reason: str, rows: int, text: str) -> None:
        """Count rows that broke before they came here, and an error."""
        self._tally.add(errors=1)
        self._turn_away(reason, rows, text)

    def counters(self) -> Counters:
        """What became of the rows so far."""
        return self._tally.counters(self._ring.rows_in, self._waiting())

    def flush(self, timeout: float) -> bool:
        """Wait until the server has answered for all that was logged; False if it has not."""
        if self._thread is None and not self._ring.rows:
            return True
        self._start()
        target = self._ring.entered
        self._breaker.hurry()
        self._wake.call()
        with self._turned:
            return self._turned.wait_for(
                lambda: self._settled >= target and not self._behind, timeout
            )

    def close(self, timeout: float | None = None) -> bool:
        """Send or spool what is left, within a time; True if nothing had to be dropped.

        A second call does nothing.
        """
        if self._closed:
            return True
        self._closed = self._closing = True
        self._unregister()
        deadline = time.monotonic() + (self._limits.exit_timeout if timeout is None else timeout)
        self._breaker.hurry()
        self._wake.call()
        if self._thread is None:
            self._work(deadline)
        elif self._thread is not threading.current_thread():
            self._thread.join(max(0.0, deadline - time.monotonic()))
        return self._leave()

    def retire(self) -> None:
        """Nobody will log any more: the thread ends when all is sent. Safe in a finalizer."""
        self._closing = True

    def after_fork(self) -> None:
        """Begin anew in a child process; files and connection stay the parent's."""
        if self._spool is not None:
            self._spool.release()
        self._transport.forget()
        closed = self._closed
        self._fresh()
        self._closed = closed

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and not self._closed:
                thread = threading.Thread(target=self._run, name="watchkeeper", daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:  # no more threads: close() will send
                    self._complaints.note("thread", f"rows wait for close(): {error}")
                    return
                self._thread = thread
                self._unregister = exits.at_exit(self, self._limits.exit_timeout)

    # ── the thread ───────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        self._work(float("inf"))
        self._unregister()
        self._let_go()

    def _work(self, deadline: float) -> None:
        while time.monotonic() < deadline and not self._left:
            self._wake.wait(self._pause())
            try:
                self._turn()
            except Exception as error:  # a bug of ours must not end the thread or reach the user
                self._tally.add(errors=1)
                self._complaints.note("internal", f"unexpected {spelt(error)}")
                self._breaker.failed(time.monotonic())
            self._speak()
            if self._closing and not self._waiting():
                return

    def _pause(self) -> float:
        until_retry = self._breaker.wait(time.monotonic())
        if until_retry and (self._pending or self._behind or self._closing):
            return min(until_retry, self._limits.linger)
        return 0.0 if self._closing else self._limits.linger

    def _turn(self) -> None:
        while not self._left and self._step():
            pass
        with self._turned:
            self._turned.notify_all()

    def _step(self) -> bool:
        """Move one request; False if there is nothing to do now."""
        if self._breaker.wait(time.monotonic()):
            return self._put_aside()
        if self._load():
            return self._deliver(self._pending[0], replayed=False)
        # At the end of a program its own rows count; the spool keeps until the next start.
        stored = self._spool.next() if self._spool is not None and not self._closing else None
        self._behind = stored is not None
        return stored is not None and self._deliver(stored, replayed=True)

    def _load(self) -> bool:
        """Have a request of the ring's oldest rows at hand; False if there are none."""
        with self._moving:
            while not self._pending:
                with self._turned:
                    self._settled = self._ring.left
                    self._turned.notify_all()
                entries = self._ring.take(self._limits.batch_rows, self._limits.batch_bytes)
                if not entries:
                    return False
                self._pending.extend(self._made(entries))
            return True

    def _made(self, entries: Iterable[Entry]) -> list[Request]:
        """Requests of entries: predictions go before actuals logged in the same second."""
        rows: dict[str, list[bytes]] = {"predictions": [], "actuals": []}
        whole: list[Request] = []
        for entry in entries:
            if isinstance(entry.item, Request):
                whole.append(entry.item)
            else:
                kind, row = entry.item
                self._write(row, rows[kind])
        most_rows, most_bytes = self._limits.batch_rows, self._limits.batch_bytes
        single = [r for kind in rows for r in requests(kind, rows[kind], most_rows, most_bytes)]
        return sorted(single + whole, key=lambda request: request.kind != "predictions")

    def _write(self, row: Any, written: list[bytes]) -> None:
        try:
            written.append(row_text(row))
        except Exception as error:  # a value of the user's may do anything when looked at
            self._tally.add(errors=1)
            self._tally.drop("unwritable", 1, f"{row.prediction_id}: {spelt(error)}")

    def _deliver(self, request: Request, *, replayed: bool) -> bool:
        instead = self._delivery.deliver(request, replayed=replayed)
        if instead is None:
            return self._put_aside()
        with self._moving:
            if self._left:  # close() has given up on it meanwhile, and counted it
                return False
            if replayed and self._spool is not None:
                self._spool.done()
            else:
                self._pending.popleft()
            self._pending.extendleft(reversed(instead))
        return True

    # ── while the server is away ─────────────────────────────────────────────────────────────

    def _put_aside(self) -> bool:
        """Move one request to the spool, where memory needs it; False if nothing was moved."""
        with self._moving:
            return self._spool_one()

    def _spool_one(self) -> bool:
        wanted = self._breaker.is_open or self._ring.half_full or self._left
        if self._spool is None or not wanted or not self._load():
            return False
        request = self._pending[0]
        if not self._spool.append(request):
            self._complaints.note("spool", f"the spool {self._directory} is full or unwritable")
            return False
        self._pending.popleft()
        self._tally.add(spooled=request.rows)
        self._behind = True
        return True

    def _leave(self) -> bool:
        """The time is over: spool what can be, drop and say the rest."""
        with self._moving:
            self._left = True
            while self._put_aside():
                pass
            left = self._waiting()
            if left:
                self._tally.drop("exit", left, "the program ended before the server took them")
            self._ring.take(left, self._ring.size)
            self._pending.clear()
        if self._thread is None:
            self._let_go()
        self._speak(last=True)
        self._sum_up()
        return not left

    def _let_go(self) -> None:
        self._transport.close()
        with self._moving:
            if self._spool is not None:
                self._spool.release()

    def _speak(self, *, last: bool = False) -> None:
        with contextlib.suppress(Exception):  # the handler of a log is the user's code
            self._complaints.speak(last=last)

    def _sum_up(self) -> None:
        with contextlib.suppress(Exception):  # as above
            logging.getLogger("watchkeeper").info("at the end: %s", self.counters().line)

    def _damaged(self, rows: int) -> None:
        self._tally.drop("damaged", rows, f"the spool {self._directory} was damaged")
