"""Carries messages of a stream to the service: what NATS and Kafka consumers have in common.

A message holds a row as JSON, or an array of rows. It is done with once the service has its rows on
disk or has refused them for good; what went wrong on the way is repeated, with the same ids.
"""

import argparse
import http.client
import json
import logging
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from watchkeeper.transport import Answer, Transport
from watchkeeper.wire import Request

LONGEST_WAIT_SECONDS = 60.0
_SPLIT = {400, 413}
_FOREVER = {401, 403, 404, 405, 415}
_SHOWN = 300
_LOT_BYTES = 8 << 20
_TALLY_SECONDS = 60.0

Wait = Callable[[float], bool]
"""Waits so many seconds; false when the program is to stop."""


class StoppedError(Exception):
    """The program is to stop; what has no answer yet stays with the stream."""


class RefusedError(Exception):
    """The service will not take anything from us as we are set up."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message: `name` is its place in the stream, `timestamp` when it got there (epoch ms)."""

    name: str
    content: bytes
    timestamp: int | None = None


@dataclass(slots=True)
class Tally:
    """What became of rows and messages since the start."""

    stored: int = 0
    duplicates: int = 0
    refused: int = 0
    """Messages that hold something that cannot be stored."""
    retries: int = 0

    def __str__(self) -> str:
        return (
            f"{self.stored} rows stored, {self.duplicates} sent before, "
            f"{self.refused} messages refused, {self.retries} retries"
        )


@dataclass(slots=True)
class _Lot:
    """Rows that go in one body, and the message that each is of."""

    rows: list[Any] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)


class Relay:
    """Posts messages of one kind (`predictions` or `actuals`). For one thread."""

    def __init__(self, transport: Transport, kind: str, say: Callable[[str], None]) -> None:
        self._transport = transport
        self._kind = kind
        self._say = say
        self.tally = Tally()
        self._told_at = time.monotonic()

    def tell(self, log: logging.Logger) -> None:
        """Log the tally, once a minute however often it is asked to."""
        if time.monotonic() - self._told_at >= _TALLY_SECONDS:
            self._told_at = time.monotonic()
            log.info("%s", self.tally)

    def deliver(self, messages: Sequence[Message], wait: Wait) -> dict[int, str]:
        """Return once the service has answered for all; the messages it refused, and why.

        Raises StoppedError, RefusedError; then none of them is done with.
        """
        refused: dict[int, str] = {}
        lot, size = _Lot(), 0
        for index, message in enumerate(messages):
            size += len(message.content)
            if lot.rows and size > _LOT_BYTES:
                self._post(lot, refused, wait)
                lot, size = _Lot(), len(message.content)
            try:
                rows = rows_of(message, named=self._kind == "predictions")
            except ValueError as problem:
                refused[index] = str(problem)
            else:
                lot.rows += rows
                lot.owners += [index] * len(rows)
        if lot.rows:
            self._post(lot, refused, wait)
        self.tally.refused += len(refused)
        return refused

    def _post(self, lot: _Lot, refused: dict[int, str], wait: Wait) -> None:
        """Post rows; where the service cannot read the whole, each half by itself."""
        answer = self._answered(json.dumps(lot.rows).encode(), len(lot.rows), wait)
        if answer.status in _SPLIT:
            if len(lot.rows) == 1:
                refused.setdefault(lot.owners[0], _detail(answer))
                return
            middle = len(lot.rows) // 2
            self._post(_Lot(lot.rows[:middle], lot.owners[:middle]), refused, wait)
            self._post(_Lot(lot.rows[middle:], lot.owners[middle:]), refused, wait)
            return
        done = answer.document
        self.tally.stored += done["accepted"]
        self.tally.duplicates += done["duplicates"]
        for row in done["rejected"]:
            refused.setdefault(lot.owners[row["index"]], str(row["error"])[:_SHOWN])

    def _answered(self, body: bytes, rows: int, wait: Wait) -> Answer:
        """The answer that is one: repeated while nobody answers or the service is full."""
        failures = 0
        while True:
            problem, asked = "", None
            try:
                answer = self._transport.post(Request(self._kind, body, rows), 0)
            except (OSError, http.client.HTTPException) as broken:
                problem = f"nobody answers: {broken!r}"
            else:
                if answer.status in _FOREVER:
                    raise RefusedError(f"the service answers {answer.status}: {_detail(answer)}")
                if answer.status in _SPLIT or _is_ours(answer):
                    return answer
                problem, asked = f"{answer.status}: {_detail(answer)}", answer.retry_after
            if not failures:
                self._say(f"waiting for the service ({problem})")
            failures += 1
            self.tally.retries += 1
            longest = min(LONGEST_WAIT_SECONDS, 0.5 * 2 ** min(failures, 8))
            jittered = random.uniform(longest / 2, longest)
            if not wait(jittered if asked is None else asked):
                raise StoppedError


def _is_ours(answer: Answer) -> bool:
    """Whether this is what the service says when it has stored rows."""
    named = {"accepted", "duplicates", "rejected"} <= answer.document.keys()
    return answer.status == 200 and named


def _detail(answer: Answer) -> str:
    return str(answer.document.get("detail", "no reason given"))[:_SHOWN]


def rows_of(message: Message, *, named: bool) -> list[Any]:
    """The rows of a message. One without a time gets that of the message.

    One without an id is `named` after the place of the message, with `-0`, `-1`, ... in an array,
    so that a message that comes again is the same rows again. Raises ValueError with the reason.

    >>> rows_of(Message("s-7", b'{"features": {"age": 41}}'), named=True)
    [{'features': {'age': 41}, 'prediction_id': 's-7'}]
    """
    try:
        sent = json.loads(message.content)
    except (ValueError, RecursionError) as problem:
        raise ValueError(f"not JSON: {problem}") from None
    rows = sent if isinstance(sent, list) else [sent]
    if not rows:
        raise ValueError("no row in it")
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise ValueError("a row must be an object")  # noqa: TRY004  a reason, not a type
        if named and row.get("prediction_id") is None:
            several = isinstance(sent, list)
            row["prediction_id"] = f"{message.name}-{number}" if several else message.name
        if message.timestamp is not None and row.get("timestamp") is None:
            row["timestamp"] = message.timestamp
    return rows


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of a program that carries messages to a service."""
    key = os.environ.get("WATCHKEEPER_API_KEY")
    url = os.environ.get("WATCHKEEPER_URL", "http://127.0.0.1:8000")
    parser.add_argument("--model", required=True, help="the model that answered")
    parser.add_argument("--url", default=url, help="the service (WATCHKEEPER_URL; %(default)s)")
    parser.add_argument("--api-key", default=key, help="its key (WATCHKEEPER_API_KEY)")
    parser.add_argument(
        "--kind", choices=("predictions", "actuals"), default="predictions", help="what rows are"
    )
    parser.add_argument(
        "--batch", type=int, default=500, help="messages in one request (%(default)s)"
    )
    parser.add_argument(
        "--timeout", type=float, default=30.0, help="seconds for one answer (%(default)s)"
    )


def relay_of(options: argparse.Namespace, say: Callable[[str], None]) -> Relay:
    """The relay that options ask for. Raises ValueError for an address that is none."""
    transport = Transport(
        options.url, options.model, options.api_key, timeout=options.timeout, compress=True
    )
    return Relay(transport, options.kind, say)


def run(name: str, carry: Callable[[], None]) -> int:
    """Carry until told to stop: 0 then; 1, and a line, where no repeat would mend it."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    try:
        carry()
    except (RefusedError, ValueError, ModuleNotFoundError) as problem:
        print(f"{name}: {problem}", file=sys.stderr)  # noqa: T201
        return 1
    return 0
