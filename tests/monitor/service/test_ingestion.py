"""What goes past the framework is answered as the framework's routes would."""

import asyncio
import threading

import pytest

from monitor.core.errors import JournalFullError
from monitor.service.ingestion import Ingress

LOANS = "/v1/models/loans"
ROW = {"prediction_id": "a", "features": {"age": 41}, "prediction": 1}
ACTUAL = {"prediction_id": "a", "actual": 1}


@pytest.fixture
def both(house):
    """A request to the framework, and the same one to what stands in front of it."""
    front = Ingress(house.app, house.rooms)

    def ask(method, path, **options):
        return [house.ask(method, path, app=app, **options) for app in (house.app, front)]

    return ask


def told(answer):
    return answer.status_code, answer.headers.get("content-type"), answer.content


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("POST", f"{LOANS}/actuals", {"json": [ACTUAL, ACTUAL]}),
        ("POST", f"{LOANS}/actuals", {"json": [{"actual": 1}]}),
        ("POST", f"{LOANS}/predictions", {"json": [{}, {"features": None}]}),
        ("POST", f"{LOANS}/predictions", {"content": b"{"}),
        ("POST", f"{LOANS}/predictions", {"content": b"x", "headers": {"content-type": "a/b"}}),
        ("POST", f"{LOANS}/predictions", {"json": ROW, "headers": {"content-encoding": "br"}}),
        ("POST", "/v1/models/nobody/predictions", {"json": ROW}),
        ("POST", "/v1/models//predictions", {"json": ROW}),
        ("POST", f"{LOANS}/predictions/", {"json": ROW}),
        ("POST", f"{LOANS}/more/predictions", {"json": ROW}),
        ("PUT", f"{LOANS}/predictions", {"json": ROW}),
        ("GET", f"{LOANS}/actuals", {}),
        ("GET", f"{LOANS}/predictions", {}),
        ("GET", "/healthz", {}),
        ("POST", "/v1/modelsx/loans/predictions", {"json": ROW}),
    ],
)
def test_both_answer_alike(both, method, path, options):
    framework, front = both(method, path, **options)

    assert told(front) == told(framework)


def test_rows_are_stored_whichever_way_they_come(both):
    first, again = both("POST", f"{LOANS}/predictions", json=ROW)

    assert (first.json()["accepted"], first.json()["duplicates"]) == (1, 0)
    assert (again.json()["accepted"], again.json()["duplicates"]) == (0, 1)


def test_a_disk_that_is_full_is_said_alike(house, both):
    house.log.failure = JournalFullError("no room")

    framework, front = both("POST", f"{LOANS}/predictions", json=ROW)

    assert told(front) == told(framework)
    assert front.status_code == 503
    assert front.headers["retry-after"] == framework.headers["retry-after"]


def test_a_fault_of_ours_has_no_traceback(house, both, monkeypatch, caplog):
    def broken(*given):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(house.log, "submit", broken)

    framework, front = both("POST", f"{LOANS}/predictions", json=ROW)

    assert told(front) == told(framework)
    assert front.status_code == 500
    assert "secret" not in front.text
    assert "secret" in caplog.text


def test_many_bodies_at_once_get_each_its_own_answer(house, monkeypatch):
    """Answers come from another thread, in groups, while bodies still come in."""
    waiting = []
    append = house.log.append

    def submit(model, kind, body, told):
        waiting.append((model, kind, body, told))

    def flush():
        group, waiting[:] = list(waiting), []

        def write():
            for model, kind, body, told in group:
                told(append(model, kind, body).result())

        threading.Thread(target=write).start()

    monkeypatch.setattr(house.log, "submit", submit)
    monkeypatch.setattr(house.log, "flush", flush)
    front = Ingress(house.app, house.rooms)

    async def send(number):
        sent = []
        body = b"[%s]" % b",".join([b'{"features": {}}'] * number)
        parts = iter([{"type": "http.request", "body": body}])

        async def receive():
            return next(parts)

        async def answer(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": f"{LOANS}/predictions",
            "headers": [],
        }
        await front(scope, receive, answer)
        return sent[0]["status"], sent[1]["body"]

    async def all_at_once():
        return await asyncio.gather(*(send(n) for n in range(1, 101)))

    answers = asyncio.run(all_at_once())

    assert answers == [
        (200, b'{"accepted":%d,"duplicates":0,"rejected":[]}' % n) for n in range(1, 101)
    ]
