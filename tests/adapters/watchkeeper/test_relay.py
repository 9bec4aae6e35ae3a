"""Messages end in one of two ways, each by itself, and the service is asked until it answers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchkeeper.relay import Message, RefusedError, Relay, StoppedError, rows_of
from watchkeeper.transport import Transport

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


def message(number, document):
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Message(f"s-{number}", content)


def row(number):
    return {"features": {"age": number}}


@pytest.fixture
def said():
    return []


@pytest.fixture
def relay(collector, said):
    transport = Transport(collector.url, "loans", None, timeout=5, compress=True)
    yield Relay(transport, "predictions", said.append)
    transport.close()


def on(seconds):
    return True


def test_rows_of_many_messages_go_in_one_body(relay, collector):
    refused = relay.deliver([message(1, row(1)), message(2, [row(2), row(3)])], on)

    assert refused == {}
    assert len(collector.requests) == 1
    assert set(collector.predictions) == {"s-1", "s-2-0", "s-2-1"}
    assert (relay.tally.stored, relay.tally.duplicates) == (3, 0)


def test_a_message_that_comes_again_is_a_duplicate(relay):
    relay.deliver([message(1, row(1))], on)
    relay.deliver([message(1, row(1))], on)

    assert str(relay.tally) == "1 rows stored, 1 sent before, 0 messages refused, 0 retries"


def test_what_is_no_row_is_refused_without_asking(relay, collector):
    bad = [b"{", b"\xff", b"[" * 5000, 7, [], [7], None, ""]

    refused = relay.deliver([message(i, document) for i, document in enumerate(bad)], on)

    assert refused.keys() == set(range(len(bad)))
    assert collector.requests == []


def answer(status, document, **headers):
    def act(handler, body):
        content = json.dumps(document).encode()
        handler.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)
        return "hang up"

    return act


def test_a_body_that_cannot_be_read_is_halved_until_the_bad_row_stands_alone(relay, collector):
    stored = []

    def judge(handler, body):
        rows = json.loads(body)
        if any(r["features"]["age"] == 5 for r in rows):
            return answer(400, {"detail": "not JSON"})(handler, body)
        stored.extend(r["prediction_id"] for r in rows)
        done = {"accepted": len(rows), "duplicates": 0, "rejected": []}
        return answer(200, done)(handler, body)

    collector.always = judge
    refused = relay.deliver([message(n, row(n)) for n in range(12)], on)

    assert refused == {5: "not JSON"}
    assert sorted(stored) == sorted(f"s-{n}" for n in range(12) if n != 5)


def test_a_row_that_the_service_rejects_refuses_its_message(relay, collector):
    rejected = [{"index": 2, "error": "timestamp: no"}]
    done = {"accepted": 2, "duplicates": 0, "rejected": rejected}
    collector.then.append(answer(200, done))

    assert relay.deliver([message(1, row(1)), message(2, [row(2), row(3)])], on) == {
        1: "timestamp: no"
    }


def test_a_full_or_broken_service_is_asked_again_after_its_wait(relay, collector, said):
    collector.then += [
        answer(503, {"detail": "full"}, Retry_After="7"),
        answer(429, {"detail": "full"}, Retry_After="3"),
        answer(500, {}),
        answer(200, {"hello": "I am another server"}),
        "hang up",
    ]
    waits = []

    assert relay.deliver([message(1, row(1))], lambda s: waits.append(s) or True) == {}

    assert waits[:2] == [7.0, 3.0]
    assert len(waits) == 5
    assert all(0 < wait <= 60 for wait in waits)
    assert said == ["waiting for the service (503: full)"]
    assert relay.tally.retries == 5


def test_it_waits_no_longer_than_the_program_goes_on(relay, collector):
    collector.always = answer(503, {"detail": "full"}, Retry_After="7")

    with pytest.raises(StoppedError):
        relay.deliver([message(1, row(1))], lambda _: False)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_service_that_does_not_know_us_is_not_asked_for_ever(relay, collector, status):
    collector.always = answer(status, {"detail": "go away"})

    with pytest.raises(RefusedError, match=f"{status}: go away"):
        relay.deliver([message(1, row(1))], on)


def test_large_messages_go_in_bodies_of_a_bounded_size(relay, collector):
    large = [message(n, {"features": {"text": "x" * (3 << 20)}}) for n in range(6)]

    assert relay.deliver(large, on) == {}
    assert len(collector.requests) == 3


@given(_JSON, st.none() | st.integers(0, 2**40))
def test_every_message_is_rows_with_ids_and_times_or_refused(document, timestamp):
    sent = Message("s-7", json.dumps(document).encode(), timestamp)
    try:
        rows = rows_of(sent, named=True)
    except ValueError as problem:
        assert str(problem)
    else:
        assert rows == rows_of(sent, named=True)
        assert all(r["prediction_id"] is not None for r in rows)
        assert timestamp is None or all(r["timestamp"] is not None for r in rows)
