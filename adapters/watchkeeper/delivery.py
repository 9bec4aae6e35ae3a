"""Posts one request and settles its rows by what the server answers."""

import http.client
import time
from collections.abc import Mapping
from typing import Any

from watchkeeper.arrow import halves
from watchkeeper.breaker import Breaker
from watchkeeper.counters import Complaints, Tally
from watchkeeper.transport import Answer, Transport
from watchkeeper.wire import Request

AGAIN = frozenset({408, 425, 429})
"""Statuses below 500 that ask for a repeat."""
UNREADABLE = frozenset({400, 413})
"""Statuses that a single row, or the number of rows, may have caused."""
UNTAKEN = UNREADABLE | {415, 422}
"""Statuses below 500 that blame the body. Any other blames the key, the model or the address, and
it would be a pity about the rows: they wait until somebody has put that right."""
MOST_REFUSALS = 300
"""A request is refused as often before it is dropped: more than a day, at a try in 5 minutes."""
MOST_CUTS = 20
"""Two bad rows among 1,000 are found by 20 cuts; a server that refuses everything gets no more."""


class Delivery:
    """Tries once; repeating is up to the caller, when the breaker allows it. For one thread."""

    def __init__(
        self, transport: Transport, breaker: Breaker, tally: Tally, complaints: Complaints
    ) -> None:
        self._transport = transport
        self._breaker = breaker
        self._tally = tally
        self._complaints = complaints
        self._cuts = 0

    def deliver(self, request: Request, *, replayed: bool) -> list[Request] | None:
        """None if the request must be sent again; else it is settled, but for the requests given.

        Those are its halves, where the server could not read it as a whole: one bad row must not
        cost the others.
        """
        dropped = self._tally.unreported()
        self._tally.add(sent=request.rows)
        answer = self._final_answer(request, dropped)
        if answer is None:
            return None
        self._breaker.succeeded()
        self._tally.add(replayed=request.rows if replayed else 0)
        if answer.status != 200:
            return self._untaken(request, answer)
        self._tally.report(dropped)  # the service counts them when it takes a body, not before
        self._taken(answer.document)
        return []

    def _final_answer(self, request: Request, dropped: int) -> Answer | None:
        """None where the same request may fare better later."""
        try:
            answer = self._transport.post(request, dropped)
        except (OSError, http.client.HTTPException) as error:
            self._again(f"no answer: {type(error).__name__}: {error}")
            return None
        if answer.status >= 500 or answer.status in AGAIN:
            self._again(f"answer {answer.status} {_detail(answer)}", answer.retry_after)
            return None
        if answer.status == 200 and not isinstance(answer.document.get("accepted"), int):
            self._again("answer 200, but not one of Watchkeeper's")
            return None
        return None if answer.status != 200 and self._refused(answer) else answer

    def _refused(self, answer: Answer) -> bool:
        """The same request may be taken once somebody has put something right."""
        if answer.status in UNTAKEN:
            return False
        self._tally.add(errors=1)
        text = f"answer {answer.status} {_detail(answer)}"
        self._complaints.note("refused", f"the server refuses rows until this is mended: {text}")
        return self._breaker.refused(time.monotonic(), answer.retry_after) < MOST_REFUSALS

    def _again(self, text: str, retry_after: float | None = None) -> None:
        self._tally.add(errors=1)
        self._breaker.failed(time.monotonic(), retry_after)
        self._complaints.note("away", f"the server cannot take rows now, they wait: {text}")

    def _taken(self, document: Mapping[str, Any]) -> None:
        rejected = document.get("rejected") or []
        self._cuts = max(0, self._cuts - 1)
        self._tally.add(
            accepted=document["accepted"],
            duplicates=document.get("duplicates", 0),
            rejected=len(rejected),
        )
        if rejected:
            first = rejected[0].get("error") if isinstance(rejected[0], dict) else rejected[0]
            self._complaints.note(
                "rejected", f"the server rejected {len(rejected)} rows, the first: {first}"
            )

    def _untaken(self, request: Request, answer: Answer) -> list[Request]:
        """The server will never take this request: halve it, or drop it."""
        self._tally.add(errors=1)
        parts = halves(request) if answer.status in UNREADABLE and self._cuts < MOST_CUTS else []
        if parts:
            self._cuts += 1
        else:
            text = f"answer {answer.status} {_detail(answer)}"
            self._tally.drop(f"status {answer.status}", request.rows, text)
        return parts


def _detail(answer: Answer) -> str:
    return str(answer.document.get("detail") or answer.document.get("title") or "")
