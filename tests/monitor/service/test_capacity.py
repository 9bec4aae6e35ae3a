"""Bodies that would fill the memory are refused before they are read."""

import asyncio

import pytest

from monitor.core.errors import BodyError, UnavailableError
from monitor.service import wire
from monitor.service.capacity import Capacity
from monitor.service.wire import receive_body

LIMIT = 1_000


def parts_of(*parts):
    sent = iter(parts)

    async def receive():
        part, more = next(sent)
        return {"type": "http.request", "body": part, "more_body": more}

    return receive


def test_what_one_request_holds_is_let_go_however_it_ends():
    capacity = Capacity(100)
    with pytest.raises(BodyError), capacity.hold() as held:
        held.grow(100)
        raise BodyError("broken")
    with capacity.hold() as held:
        held.grow(100)


def test_a_body_alone_may_be_as_large_as_its_own_limit():
    with Capacity(10).hold() as held:
        held.expect(500)
        held.grow(500)


@pytest.mark.parametrize("declared", [b"80", None])
def test_a_body_for_which_there_is_no_room_is_refused(declared):
    capacity = Capacity(100)
    headers = [] if declared is None else [(b"content-length", declared)]
    receive = parts_of((b"x" * 40, True), (b"x" * 40, False))
    with capacity.hold() as other:
        other.grow(50)
        with pytest.raises(UnavailableError) as refused, capacity.hold() as held:
            asyncio.run(receive_body(headers, receive, LIMIT, held))
    assert refused.value.retry_after == 1
    with capacity.hold() as held:
        receive = parts_of((b"x" * 40, True), (b"x" * 40, False))
        assert len(asyncio.run(receive_body(headers, receive, LIMIT, held)).content) == 80


def test_a_sender_that_stands_still_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(wire, "_PATIENCE_SECONDS", 0.05)
    first = parts_of((b"x", True))
    calls = []

    async def receive():
        calls.append(1)
        if len(calls) == 1:
            return await first()
        return await asyncio.sleep(60)

    with Capacity().hold() as held, pytest.raises(BodyError, match="did not go on"):
        asyncio.run(receive_body([], receive, LIMIT, held))
