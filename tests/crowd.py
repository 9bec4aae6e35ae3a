"""Eight who send rows to a service that keeps dying, and know what it acknowledged.

What was not acknowledged is sent again with the same ids, until it is; and now and then so is what
was. The values of a row follow from its number, so all of it can be compared in the end.
"""

import http.client
import io
import json
import random
import threading
import time
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

SENDERS = 8
FIRST = 1_770_000_000_000
_ARROW = "application/vnd.apache.arrow.stream"
_GONE = (OSError, http.client.HTTPException)


@dataclass(frozen=True)
class Request:
    """Rows of one sender, all predictions or all actuals."""

    sender: int
    kind: str
    numbers: range
    arrow: bool = False
    cities: ClassVar = ("Oslo", "Roma", "Zürich")

    @property
    def size(self):
        return len(self.numbers)

    def identity(self, number):
        return f"{self.sender}-{number}"

    def row(self, number):
        """A row as it is sent."""
        timestamp = FIRST + number * 20_000 + self.sender
        if self.kind == "actuals":
            given = {"actual": number % 2, "timestamp": timestamp + 1}
        else:
            given = {
                "timestamp": timestamp,
                "version": "1",
                "features": {"age": number % 97 + 0.5, "city": self.cities[number % 3]},
                "prediction": number % 2,
                "score": number % 100 / 100,
            }
        return {"prediction_id": self.identity(number), **given}

    def content(self):
        """The body and its type."""
        rows = [self.row(number) for number in self.numbers]
        if not self.arrow:
            return json.dumps(rows if len(rows) > 1 else rows[0]).encode(), "application/json"
        table, sink = pa.Table.from_pylist(rows), io.BytesIO()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return sink.getvalue(), _ARROW


class Crowd:
    """Begins to send at once."""

    def __init__(self, port):
        self._port = port
        self._over = threading.Event()
        self._lock = threading.Lock()
        self.done: list[Request] = []
        self.resent = 0
        self._problems: list[str] = []
        self._threads = [
            threading.Thread(target=self._send, args=(n,), daemon=True) for n in range(SENDERS)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self):
        return self

    def __exit__(self, kind, problem, trace):
        if problem is not None:
            self._problems.append(str(problem))  # so that nobody tries on

    def wait_for(self, count, seconds=60):
        """Return when so many more requests were acknowledged."""
        target, deadline = len(self.done) + count, time.monotonic() + seconds
        while len(self.done) < target:
            assert not self._problems, self._problems
            assert time.monotonic() < deadline, "nothing is acknowledged any more"
            time.sleep(0.002)

    def leave(self):
        """Return when each has been told of what it sent last."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        assert not self._problems, self._problems

    def send_all_again(self):
        """Send all predictions once more; how many rows were called duplicates."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        duplicates = 0
        for request in self.done:
            if request.kind == "predictions":
                status, answer = _asked(connection, request)
                assert (status, answer["accepted"]) == (200, 0)
                duplicates += answer["duplicates"]
        connection.close()
        return duplicates

    def _send(self, sender):
        chance = random.Random(sender)
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        size, arrow = ((1, False), (7, False), (20, True), (3, False))[sender // 2]
        kinds = ("actuals", "predictions") if sender % 2 else ("predictions", "actuals")
        number = 0
        while not self._over.is_set() and not self._problems:
            for kind in kinds:
                request = Request(sender, kind, range(number, number + size), arrow)
                self._until_told(connection, request)
                if chance.random() < 0.2:
                    with self._lock:
                        again = chance.choice(self.done)
                    self._until_told(connection, again, known=True)
            number += size
            time.sleep(0.02)
        connection.close()

    def _until_told(self, connection, request, *, known=False):
        """Send it until it is acknowledged, and look at what the answer says."""
        attempts = 0
        while not self._problems:
            attempts += 1
            try:
                status, answer = _asked(connection, request)
            except _GONE:
                connection.close()
                time.sleep(0.02)
                continue
            if status == 503:
                time.sleep(0.05)
                continue
            self._judge(request, status, answer, known=known, first=attempts == 1)
            return

    def _judge(self, request, status, answer, *, known, first):
        new, old = answer.get("accepted"), answer.get("duplicates")
        fits = status == 200 and answer["rejected"] == [] and new + old == request.size
        if request.kind == "predictions":
            fits = fits and not (known and new) and not (first and not known and old)
        else:
            fits = fits and not old
        with self._lock:
            if not fits:
                self._problems.append(f"{request}: {status} {answer} {known=} {first=}")
            elif known:
                self.resent += 1
            else:
                self.done.append(request)


def _asked(connection, request):
    content, media_type = request.content()
    path = f"/v1/models/m/{request.kind}"
    connection.request("POST", path, content, {"Content-Type": media_type})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())
