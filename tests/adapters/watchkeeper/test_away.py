"""Rows wait while the server is away or slow, on disk or in bounded memory."""

import socket
import time

import pytest
from adapters.collector import Collector, until

ROW = {"age": 41, "income": 1.5}


@pytest.fixture
def away():
    """The port of a server that is not there yet."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_what_was_logged_while_the_server_was_away_comes_with_the_same_ids(away, connect):
    client = connect(url=f"http://127.0.0.1:{away}", limits={"ring_rows": 100, "batch_rows": 20})
    ids = []
    for i in range(250):
        ids.append(client.log(ROW, i))
        client.actual(ids[-1], 0)
        assert until(lambda: client.counters.waiting < 90)
    assert client.counters.spooled >= 400

    collector = Collector(away)
    try:
        assert client.flush(20)
    finally:
        collector.close()
    assert set(collector.predictions) == set(ids)
    assert [collector.predictions[row_id]["prediction"] for row_id in ids] == list(range(250))
    assert {row["prediction_id"] for row in collector.actuals} == set(ids)
    counters = client.counters
    assert (counters.logged, counters.accepted, counters.dropped) == (500, 500, 0)
    assert counters.replayed == counters.spooled


def test_the_next_client_sends_what_the_last_could_not(away, tmp_path, connect):
    url = f"http://127.0.0.1:{away}"
    first = connect(url=url)
    ids = [first.log(ROW) for _ in range(10)]
    start = time.monotonic()
    assert first.close(timeout=5)
    assert time.monotonic() - start < 3, "with a spool there is nothing to wait for"
    assert first.counters.spooled == 10

    collector = Collector(away)
    try:
        second = connect(url=url)
        assert until(lambda: len(collector.predictions) == 10)
        assert second.flush(5)
    finally:
        collector.close()
    assert set(collector.predictions) == set(ids)
    assert second.counters.replayed == 10
    assert not list(tmp_path.glob("spool/*/*.spool"))


def test_one_failure_at_the_end_is_repeated_before_the_disk_is_used(collector, connect):
    client = connect()
    collector.then.append(503)

    row_id = client.log(ROW)

    assert client.close(timeout=5)
    assert row_id in collector.predictions
    assert client.counters.spooled == 0


def test_without_a_spool_rows_wait_in_memory_and_the_oldest_are_kept(away, connect):
    client = connect(url=f"http://127.0.0.1:{away}", limits={"ring_rows": 50, "spool_bytes": 0})
    ids = [client.log(ROW) for _ in range(200)]

    collector = Collector(away)
    try:
        assert client.flush(10)
    finally:
        collector.close()
    arrived = set(collector.predictions)
    assert set(ids[:50]) <= arrived
    assert client.counters.dropped == 200 - len(arrived)


def test_without_a_spool_close_keeps_its_deadline_and_counts_what_is_lost(away, connect, caplog):
    client = connect(url=f"http://127.0.0.1:{away}", limits={"spool_bytes": 0})
    for _ in range(10):
        client.log(ROW)

    start = time.monotonic()

    assert not client.close(timeout=0.5)
    assert time.monotonic() - start < 2
    assert client.counters.reasons == {"exit": 10}
    assert "ended before the server took them" in caplog.text


def test_close_keeps_its_deadline_when_the_server_hangs(collector, connect, tmp_path):
    client = connect()
    collector.delay = 3.0
    for _ in range(10):
        client.log(ROW)
    assert until(lambda: client.counters.sent)
    later = client.log(ROW)

    start = time.monotonic()

    assert client.close(timeout=0.3)
    assert time.monotonic() - start < 2
    (segment,) = tmp_path.glob("spool/*/*.spool")
    assert later.encode() in segment.read_bytes()


def test_a_full_spool_leaves_rows_in_bounded_memory(away, connect):
    client = connect(
        url=f"http://127.0.0.1:{away}", limits={"ring_rows": 100, "spool_bytes": 20_000}
    )
    for _ in range(2000):
        client.log(ROW)
        time.sleep(0.0005)

    counters = client.counters
    assert counters.waiting <= 600  # the ring and one batch
    assert counters.logged == 2000 == counters.waiting + counters.spooled + counters.dropped
    assert counters.dropped > 0
    assert 0 < counters.spooled < 2000


def test_a_spool_that_cannot_be_written_is_no_worse_than_none(away, connect, tmp_path):
    (tmp_path / "file").write_text("in the way")
    client = connect(url=f"http://127.0.0.1:{away}", spool_dir=tmp_path / "file")

    row_id = client.log(ROW)
    assert until(lambda: client.counters.errors >= 3)

    collector = Collector(away)
    try:
        assert client.flush(10)
    finally:
        collector.close()
    assert row_id in collector.predictions


def test_a_slow_server_does_not_slow_the_caller(collector, connect):
    client = connect()
    collector.delay = 0.5

    start = time.perf_counter()
    for _ in range(1000):
        client.log(ROW)

    assert time.perf_counter() - start < 0.4
    assert client.flush(10)


def test_flush_says_when_time_ran_out(away, connect):
    client = connect(url=f"http://127.0.0.1:{away}")
    client.log(ROW)

    assert not client.flush(0.2)
