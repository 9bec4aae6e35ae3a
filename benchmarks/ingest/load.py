"""Sends bodies over many connections at once, in a process of its own, and times each answer.

Speaks HTTP by hand over non-blocking sockets: with one row a request, a client library would cost
more than the service that is measured.
"""

import multiprocessing
import random
import re
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import Connection
from urllib.parse import urlsplit

from bodies import FORMS

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_ACCEPTED = re.compile(rb'"accepted": ?(\d+)')
_RETRY = re.compile(rb"retry-after: *(\d+)", re.IGNORECASE)
_RECEIVE = 1 << 16


@dataclass(frozen=True, slots=True)
class Work:
    """What to send: a form of bodies, rows a request, connections, requests in all, a seed."""

    form: str
    size: int
    connections: int
    requests: int
    seed: int


@dataclass(slots=True)
class Sent:
    """What came of it: seconds in all, seconds of each answer, rows accepted, 503s met."""

    seconds: float = 0.0
    taken: list[float] = field(default_factory=list)
    accepted: int = 0
    refused: int = 0


@dataclass(slots=True)
class _Line:
    """One connection, the request it carries, and what it has still to send."""

    socket: socket.socket
    request: bytes = b""
    began: float = 0.0
    answer: bytes = b""
    unsent: memoryview = field(default_factory=lambda: memoryview(b""))


class Sender:
    """A process that makes bodies ahead of time and sends them when told to."""

    def __init__(self, pipe: Connection, process: multiprocessing.process.BaseProcess) -> None:
        self._pipe = pipe
        self._process = process

    def prepare(self, work: Work) -> None:
        """Make the bodies; returns when they are there."""
        self._pipe.send(work)
        self._pipe.recv()

    def send(self, url: str) -> Sent:
        """Send what was prepared to an address."""
        self._pipe.send(url)
        done: Sent = self._pipe.recv()
        return done


@contextmanager
def sender() -> Iterator[Sender]:
    """A sender in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield Sender(ours, process)
    finally:
        ours.close()
        process.join(10)
        if process.is_alive():
            process.kill()


def _serve(pipe: Connection) -> None:
    try:
        while True:
            work: Work = pipe.recv()
            form = FORMS[work.form]
            made = form.bodies(work.size, random.Random(work.seed))
            bodies = list(islice(made, work.requests))
            pipe.send(None)
            pipe.send(_send(pipe.recv(), form.media_type, bodies, work.connections))
    except EOFError:
        pass


def _send(url: str, media_type: str, bodies: Sequence[bytes], connections: int) -> Sent:
    address = urlsplit(url)
    waiting = [_request(address.path or "/", media_type, body) for body in reversed(bodies)]
    done = Sent()
    with selectors.DefaultSelector() as selector:
        began = time.perf_counter()
        for _ in range(min(connections, len(waiting))):
            line = _Line(socket.create_connection((address.hostname, address.port)))
            line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line.socket.setblocking(False)
            selector.register(line.socket, selectors.EVENT_READ, line)
            _next(selector, line, waiting.pop())
        while selector.get_map():
            for key, events in selector.select():
                line = key.data
                if events & selectors.EVENT_WRITE:
                    _write(selector, line)
                if events & selectors.EVENT_READ and _answered(line, done, waiting):
                    if waiting:
                        _next(selector, line, waiting.pop())
                    else:
                        selector.unregister(line.socket)
                        line.socket.close()
        done.seconds = time.perf_counter() - began
    return done


def _request(path: str, media_type: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _next(selector: selectors.BaseSelector, line: _Line, request: bytes) -> None:
    line.request, line.answer, line.began = request, b"", time.perf_counter()
    line.unsent = memoryview(request)
    _write(selector, line)


def _write(selector: selectors.BaseSelector, line: _Line) -> None:
    with suppress(BlockingIOError):
        line.unsent = line.unsent[line.socket.send(line.unsent) :]
    wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if line.unsent else 0)
    if selector.get_key(line.socket).events != wanted:
        selector.modify(line.socket, wanted, line)


def _answered(line: _Line, done: Sent, waiting: list[bytes]) -> bool:
    """Take in what came; whether the answer is whole. Raises RuntimeError if it is an error."""
    part = line.socket.recv(_RECEIVE)
    if not part:
        raise RuntimeError("the service closed a connection")
    line.answer += part
    end = line.answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    length = _LENGTH.search(line.answer, 0, end + 2)
    if length is None or len(line.answer) < end + 4 + int(length[1]):
        return False
    if line.answer.startswith(b"HTTP/1.1 503"):
        done.refused += 1
        waiting.append(line.request)
        pause = _RETRY.search(line.answer, 0, end + 2)
        time.sleep(float(pause[1]) if pause else 0.1)
        return True
    accepted = _ACCEPTED.search(line.answer, end)
    if not line.answer.startswith(b"HTTP/1.1 200") or accepted is None:
        raise RuntimeError(line.answer.decode(errors="replace")[:500])
    done.taken.append(time.perf_counter() - line.began)
    done.accepted += int(accepted[1])
    return True
