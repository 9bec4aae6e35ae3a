"""What the background thread does when the server is away, slow, full or of another opinion."""

import json
import logging
import time

import pytest
import watchkeeper
from adapters.collector import until
from watchkeeper.client import new_id

ROW = {"age": 41, "income": 1.5}


@pytest.mark.parametrize("trouble", [500, 502, 503, 429, 408, "hang up", {"status": "ok"}])
def test_a_request_that_fails_is_repeated_with_the_same_ids(collector, connect, trouble):
    client = connect()
    collector.then.extend([trouble, trouble])

    ids = [client.log(ROW) for _ in range(3)]

    assert client.flush(10)
    assert set(collector.predictions) == set(ids)
    bodies = {body for _, _, body in collector.requests}
    assert len(bodies) == 1
    counters = client.counters
    assert (counters.accepted, counters.dropped) == (3, 0)
    assert counters.sent >= 9 or trouble == "hang up"


def test_an_answer_that_was_lost_does_not_double_a_row(collector, connect):
    client = connect()

    def take_and_hang_up(handler, body):
        collector.take("predictions", json.loads(body))
        return "hang up"

    collector.then.append(take_and_hang_up)
    row_id = client.log(ROW)

    assert client.flush(10)
    assert list(collector.predictions) == [row_id]
    assert (client.counters.accepted, client.counters.duplicates) == (0, 1)


def test_retry_after_is_kept(collector, connect, monkeypatch):
    client = connect()

    def full(handler, body):
        handler.retry_after = "1"
        return 503

    collector.then.append(full)
    start = time.monotonic()
    client.log(ROW)

    assert client.flush(10)
    assert time.monotonic() - start >= 1.0


@pytest.mark.parametrize("status", [415, 422])
def test_a_body_that_the_server_will_never_take_is_dropped_counted_and_said(
    collector, connect, caplog, status
):
    client = connect()
    collector.always = status

    client.log(ROW)
    client.log(ROW)

    assert client.flush(5)
    client.close()
    assert client.counters.dropped == 2
    assert client.counters.reasons == {f"status {status}": 2}
    assert len(collector.requests) == 1
    (line,) = caplog.messages
    assert f"answer {status} because the test says so" in line


@pytest.mark.parametrize("status", [401, 403, 404, 301, 405])
def test_rows_wait_while_somebody_mends_what_the_server_refuses(collector, connect, caplog, status):
    """An unknown model or a wrong key is a pity, and the rows are not to blame."""
    client = connect()
    collector.always = status

    ids = [client.log(ROW) for _ in range(3)]
    assert until(lambda: client.counters.spooled == 3)
    ids += [client.log(ROW) for _ in range(3)]
    assert until(lambda: client.counters.spooled == 6)
    assert len(collector.requests) == 1, "a server that refuses is not flooded"
    assert client.counters.dropped == 0
    client.close(timeout=1)
    (line,) = [line for line in caplog.messages if "refuses" in line][:1]
    assert f"answer {status} because the test says so" in line

    collector.always = None
    after = connect()
    assert after.flush(5)
    assert set(collector.predictions) == set(ids)


def test_rows_that_were_refused_arrive_once_a_flush_asks_again(collector, connect):
    client = connect()
    collector.always = 404
    row_id = client.log(ROW)
    assert not client.flush(0.3)

    collector.always = None

    assert client.flush(5)
    assert list(collector.predictions) == [row_id]
    assert client.counters.accepted == 1


def test_a_body_that_is_refused_for_ever_does_not_hold_the_others_for_ever(
    collector, connect, monkeypatch
):
    """Such as one that the firewall in front of the service does not like."""
    from watchkeeper import delivery

    monkeypatch.setattr(delivery, "MOST_REFUSALS", 3)
    client = connect(limits={"spool_bytes": 0})
    collector.always = lambda handler, body: 403 if b"<script>" in body else None
    client.log({"text": "<script>"})
    assert until(lambda: client.counters.errors)
    row_id = client.log(ROW)

    for _ in range(3):
        client.flush(0.2)

    assert client.flush(5)
    assert list(collector.predictions) == [row_id]
    assert client.counters.reasons == {"status 403": 1}


@pytest.mark.parametrize("frame", [False, True])
def test_a_body_that_is_too_large_for_the_server_is_cut_until_it_fits(collector, connect, frame):
    import pandas as pd

    client = connect()
    collector.always = lambda handler, body: 413 if len(body) > 20_000 else None
    rows = [{"text": "x" * 100, "number": i} for i in range(500)]

    ids = client.log_batch(pd.DataFrame(rows) if frame else rows)

    assert client.flush(10)
    assert list(collector.predictions) == ids
    assert client.counters.dropped == 0


def test_one_row_that_makes_a_body_unreadable_does_not_cost_the_others(collector, connect):
    client = connect(limits={"linger": 30.0})

    def unreadable(handler, body):
        return 400 if b'"poison"' in body else None

    collector.always = unreadable
    ids = [client.log(ROW | {"text": "poison" if i == 123 else "fine"}) for i in range(400)]

    assert client.flush(10)
    assert set(ids) - set(collector.predictions) == {ids[123]}
    assert client.counters.dropped == 1
    assert len(collector.requests) < 25


def test_a_server_that_refuses_everything_is_not_flooded(collector, connect):
    client = connect(limits={"linger": 30.0})
    collector.always = 400

    for _ in range(450):
        client.log(ROW)

    assert client.flush(10)
    assert client.counters.dropped == 450
    assert len(collector.requests) <= 41


def test_rows_that_the_server_rejected_are_counted_and_said(collector, connect, caplog):
    client = connect()
    collector.then.append(
        {"accepted": 1, "duplicates": 0, "rejected": [{"index": 1, "error": "timestamp: soon"}]}
    )

    client.log(ROW)
    client.log(ROW, timestamp="soon")

    assert client.flush(5)
    client.close()
    assert (client.counters.accepted, client.counters.rejected) == (1, 1)
    assert "rejected 1 rows, the first: timestamp: soon" in caplog.text


def test_a_complaint_of_one_kind_is_said_once_a_minute(collector, connect, caplog):
    client = connect()
    collector.always = 422

    for _ in range(5):
        client.log(ROW)
        assert client.flush(5)

    lines = [record for record in caplog.records if record.name == "watchkeeper"]
    assert len(lines) == 1
    assert lines[0].levelno == logging.WARNING


def test_batches_hold_at_most_500_rows_or_a_mebibyte(collector, connect):
    client = connect(limits={"linger": 30.0})

    for _ in range(1200):
        client.log(ROW)
    for _ in range(20):
        client.log({"text": "x" * 200_000})

    assert client.flush(10)
    rows = [len(json.loads(body)) for _, _, body in collector.requests]
    assert sum(rows) == 1220
    assert max(rows) <= 500
    assert max(len(body) for _, _, body in collector.requests) <= 1 << 20


def test_a_full_batch_does_not_wait_for_the_linger(collector, connect):
    client = connect(limits={"linger": 30.0})

    for _ in range(500):
        client.log(ROW)

    assert until(lambda: len(collector.predictions) == 500)


def test_bodies_are_packed_when_asked(collector, connect):
    client = connect(compress=True)

    ids = [client.log(ROW) for _ in range(300)]

    assert client.flush(5)
    assert set(collector.predictions) == set(ids)
    assert any(h.get("Content-Encoding") == "gzip" for _, h, _ in collector.requests)


def test_a_program_that_logged_nothing_has_no_thread_and_no_folder(connect, tmp_path):
    client = connect()

    assert client.flush(1)
    assert client.close()
    assert not (tmp_path / "spool").exists()
    assert client.counters == watchkeeper.Counters()


def test_spools_of_two_servers_and_models_are_apart(tmp_path):
    from watchkeeper.client import _directory

    places = {
        _directory(tmp_path, url, model)
        for url in ("http://a:1", "http://b:1", "http://a:1/")
        for model in ("loans", "cards")
    }

    assert len(places) == 4


def test_new_ids_are_128_random_bits():
    assert len({new_id() for _ in range(1000)}) == 1000
    assert len(new_id()) == 32
