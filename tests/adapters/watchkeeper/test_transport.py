"""One connection is kept, replaced when it is stale, and its answers are read."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from watchkeeper.transport import Transport, seconds_to_wait
from watchkeeper.wire import Request


@pytest.fixture
def transport(collector):
    made = Transport(f"{collector.url}/behind/a/proxy/", "loans", None, timeout=5, compress=False)
    yield made
    made.close()


ACTUALS = Request("actuals", b"[]", 0)


def test_a_path_in_front_of_the_service_is_kept(collector, transport):
    assert transport.post(ACTUALS, 0).status == 200
    assert collector.requests[0][0] == "/behind/a/proxy/v1/models/loans/actuals"


def test_a_connection_is_used_again(collector, transport):
    ports = []
    collector.always = lambda handler, body: ports.append(handler.client_address[1])

    for _ in range(3):
        transport.post(ACTUALS, 0)

    assert len(set(ports)) == 1


def test_a_connection_that_the_server_closed_is_replaced_without_an_error(collector, transport):
    transport.post(ACTUALS, 0)
    collector.then.append("hang up")

    assert transport.post(ACTUALS, 0).status == 200


def test_a_server_that_does_not_answer_is_an_error_in_time(collector):
    transport = Transport(collector.url, "loans", None, timeout=0.2, compress=False)
    collector.delay = 2

    start = time.monotonic()
    with pytest.raises(OSError, match="timed out"):
        transport.post(ACTUALS, 0)
    assert time.monotonic() - start < 1.5


def test_an_answer_that_is_no_json_is_an_empty_document(collector, transport):
    def html(handler, body):
        handler.send_response(200)
        handler.send_header("Content-Length", "6")
        handler.end_headers()
        handler.wfile.write(b"<html>")
        return "hang up"

    collector.then.append(html)

    assert transport.post(ACTUALS, 0).document == {}


def test_retry_after_may_be_a_date():
    soon = datetime.now(UTC) + timedelta(seconds=30)

    assert 25 < seconds_to_wait(format_datetime(soon, usegmt=True)) <= 30


@pytest.mark.parametrize(
    ("header", "wait"), [("0", 0), ("-5", 0), ("1e9", 300), ("nan", None), ("", None), (None, None)]
)
def test_a_strange_retry_after_does_no_harm(header, wait):
    assert seconds_to_wait(header) == wait
