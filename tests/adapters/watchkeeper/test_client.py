"""What a program may rely on when it calls the client."""

import logging
import random
import threading
import time
from datetime import date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
import watchkeeper
from adapters.collector import sent

ROW = {f"x{i}": i + 0.5 for i in range(17)} | {"gender": "Female", "note": "", "known": True}


def test_a_prediction_arrives_as_it_was_logged(collector, connect):
    client = connect(api_key="secret", version="3")

    row_id = client.log(ROW, 1, score=0.83, latency_ms=2.5, tags={"shop": "a"}, timestamp=1000)

    assert client.flush(5)
    assert sent(collector, row_id) == {
        "prediction_id": row_id,
        "timestamp": 1000,
        "version": "3",
        "features": ROW,
        "prediction": 1,
        "score": 0.83,
        "latency_ms": 2.5,
        "tags": {"shop": "a"},
    }
    path, headers, _ = collector.requests[0]
    assert path == "/v1/models/loans/predictions"
    assert headers["Authorization"] == "Bearer secret"
    assert "Watchkeeper-Client-Dropped" not in headers


def test_what_is_not_given_is_left_out(collector, connect):
    client = connect()

    row_id = client.log({})

    assert client.flush(5)
    assert set(sent(collector, row_id)) == {"prediction_id", "timestamp", "features"}


def test_the_time_is_that_of_the_call(collector, connect):
    client = connect(limits={"linger": 0.2})

    before = time.time_ns() // 1_000_000
    row_id = client.log(ROW)
    after = time.time_ns() // 1_000_000

    assert client.flush(5)
    assert before <= sent(collector, row_id)["timestamp"] <= after


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            datetime(2024, 1, 2, 3, 4, 5, 6),  # noqa: DTZ001 - naive on purpose
            "2024-01-02T03:04:05.000006+00:00",
        ),
        (
            datetime(2024, 1, 2, tzinfo=timezone(timedelta(hours=2))),
            "2024-01-02T00:00:00.000000+02:00",
        ),
        (pd.Timestamp("2024-01-02"), "2024-01-02T00:00:00.000000+00:00"),
        (np.datetime64("2024-01-02T00:00:00.5", "ns"), "2024-01-02T00:00:00.500000+00:00"),
        (1_700_000_000_000, 1_700_000_000_000),
        (np.int64(1_700_000_000_000), 1_700_000_000_000),
        ("2024-01-02T00:00:00Z", "2024-01-02T00:00:00Z"),
        (date(2024, 1, 2), "2024-01-02T00:00:00.000000+00:00"),
    ],
)
def test_a_time_may_be_given_in_any_usual_form(collector, connect, given, expected):
    client = connect()

    row_id = client.log(ROW, timestamp=given)
    client.actual(row_id, 1, timestamp=given)

    assert client.flush(5)
    assert sent(collector, row_id)["timestamp"] == expected
    assert collector.actuals[0]["timestamp"] == expected


@pytest.mark.parametrize("value", [0, 0.0, False, "", 1, "yes", -1.5])
def test_an_actual_that_is_false_in_python_is_a_value_all_the_same(collector, connect, value):
    """Trap: a peer drops 0, 0.0, False and the empty text."""
    client = connect()

    client.actual("a1", value)

    assert client.flush(5)
    (row,) = collector.actuals
    assert row["actual"] == value
    assert type(row["actual"]) is type(value)


def test_a_false_prediction_score_and_latency_are_values_too(collector, connect):
    client = connect()

    row_id = client.log({"a": 0}, 0, score=0.0, latency_ms=0)

    assert client.flush(5)
    row = sent(collector, row_id)
    assert (row["prediction"], row["score"], row["latency_ms"]) == (0, 0.0, 0)


def test_an_actual_of_none_is_counted_not_sent(collector, connect):
    client = connect()

    client.actual("a1", None)

    assert client.flush(5)
    assert collector.actuals == []
    assert client.counters.dropped == 1


def test_what_the_caller_changes_after_the_call_is_not_sent(collector, connect):
    """Trap: a peer logs the frame as it is when it gets round to it."""
    client = connect(limits={"linger": 0.2})
    vector = np.array([1.0, 2.0])
    zero_dimensional = np.array(5.0)
    nested = {"deep": [1, {"deeper": [2]}]}
    row = {"a": 1, "vector": vector, "list": [1, 2], "nested": nested, "scalar": zero_dimensional}
    score = {"yes": 0.25}
    tags = {"shop": ["a"]}

    row_id = client.log(row, vector, score=score, tags=tags)
    row["a"] = 2
    row["new"] = 1
    vector[:] = 9
    zero_dimensional[...] = 9
    row["list"].append(9)
    nested["deep"][1]["deeper"].append(9)
    score["yes"] = 9
    tags["shop"].append("b")

    assert client.flush(5)
    kept = sent(collector, row_id)
    assert kept["features"] == {
        "a": 1,
        "vector": [1.0, 2.0],
        "list": [1, 2],
        "nested": {"deep": [1, {"deeper": [2]}]},
        "scalar": 5.0,
    }
    assert kept["prediction"] == [1.0, 2.0]
    assert kept["score"] == {"yes": 0.25}
    assert kept["tags"] == {"shop": ["a"]}


def test_the_values_of_numpy_and_pandas_become_json(collector, connect):
    client = connect()
    series = pd.Series({"a": np.float32(0.5), "b": pd.NA, "c": pd.NaT, "d": pd.Timestamp(0)})

    row_id = client.log(series, np.array([1]), score=np.float64(0.5))
    other = client.log({"i": np.int8(3), "b": np.bool_(True), "t": np.timedelta64(1500, "ms")})

    assert client.flush(5)
    row = sent(collector, row_id)
    assert row["features"] == {
        "a": 0.5,
        "b": None,
        "c": None,
        "d": "1970-01-01T00:00:00.000000+00:00",
    }
    assert row["prediction"] == 1
    assert row["score"] == 0.5
    assert sent(collector, other)["features"] == {"i": 3, "b": True, "t": 1.5}


def test_nan_and_infinities_are_kept_apart_from_missing(collector, connect):
    client = connect()

    client.log({"nan": float("nan"), "high": float("inf"), "low": -np.inf, "none": None})

    assert client.flush(5)
    body = collector.requests[0][2]
    assert b'{"nan":NaN,"high":Infinity,"low":-Infinity,"none":null}' in body


def test_a_full_memory_drops_and_counts_and_never_raises(collector, connect, caplog):
    """Trap: a peer raises in the scorer when its queue is full."""
    client = connect(limits={"ring_rows": 50, "linger": 30.0, "spool_bytes": 0})
    collector.delay = 0.3

    ids = [client.log(ROW) for _ in range(80)]

    counters = client.counters
    assert len(set(ids)) == 80
    assert counters.logged == 80
    assert counters.dropped == 30
    assert counters.reasons == {"full": 30}
    assert client.flush(5)
    assert set(collector.predictions) == set(ids[:50])
    client.close()
    assert sum("memory is full (30 times)" in line for line in caplog.messages) == 1


def test_memory_is_bounded_by_bytes_too(connect):
    client = connect(limits={"ring_bytes": 1 << 20, "linger": 30.0, "spool_bytes": 0})

    for _ in range(100):
        client.log({"text": "x" * 100_000})

    assert client.counters.waiting <= 10
    assert client.counters.dropped >= 90


def test_ids_do_not_repeat_when_a_program_seeds_its_randomness(connect):
    client = connect()

    ids = []
    for _ in range(2):
        random.seed(1)
        np.random.seed(1)
        ids += [client.log(ROW) for _ in range(100)]

    assert len(set(ids)) == 200


def test_an_id_of_ones_own_is_kept_as_text(collector, connect):
    client = connect()

    assert client.log(ROW, prediction_id="mine") == "mine"
    assert client.log(ROW, prediction_id=7) == "7"

    assert client.flush(5)
    assert set(collector.predictions) == {"mine", "7"}


def test_threads_lose_nothing_and_double_nothing(collector, connect):
    client = connect()
    ids = [[] for _ in range(8)]

    def work(mine):
        for i in range(200):
            mine.append(client.log(ROW, i))
            client.actual(mine[-1], i)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in ids]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert client.flush(10)
    assert set(collector.predictions) == {row_id for mine in ids for row_id in mine}
    assert len(collector.actuals) == 1600
    counters = client.counters
    assert (counters.logged, counters.accepted, counters.dropped) == (3200, 3200, 0)


def test_predictions_go_before_the_actuals_that_were_logged_after_them(collector, connect):
    client = connect(limits={"linger": 0.3})

    for _ in range(3):
        client.actual(client.log(ROW), 1)

    assert client.flush(5)
    assert [path.rsplit("/", 1)[1] for path, _, _ in collector.requests] == [
        "predictions",
        "actuals",
    ]


def test_after_close_rows_are_counted_as_dropped(connect):
    client = connect()
    client.close()

    client.log(ROW)
    client.log_batch([ROW])

    assert client.counters.reasons == {"closed": 2}
    assert client.close()


def test_a_client_closes_at_the_end_of_its_block(collector, connect):
    with connect() as client:
        row_id = client.log(ROW)

    assert row_id in collector.predictions


def test_a_client_that_nobody_holds_any_more_sends_and_ends_its_thread(collector, connect):
    threads = threading.active_count()
    client = watchkeeper.Client(collector.url, "loans", limits=watchkeeper.Limits(linger=0.01))
    row_id = client.log(ROW)
    del client

    for _ in range(200):
        if threading.active_count() <= threads and row_id in collector.predictions:
            break
        time.sleep(0.01)

    assert row_id in collector.predictions


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host", "", "http://"])
def test_an_address_that_is_none_is_refused_at_once(url):
    with pytest.raises(ValueError, match="write it as http"):
        watchkeeper.Client(url, "loans")


def test_a_model_name_that_is_none_is_refused_at_once():
    with pytest.raises(ValueError, match="model 'Loans!'"):
        watchkeeper.Client("http://localhost", "Loans!")


def test_the_key_does_not_show():
    assert "secret" not in repr(watchkeeper.Client("http://localhost", "loans", "secret"))


def test_a_log_handler_that_raises_does_not_end_the_sending(collector, connect):
    class Broken(logging.Handler):
        def emit(self, record):
            raise RuntimeError("broken handler")

    handler = Broken()
    logging.getLogger("watchkeeper").addHandler(handler)
    try:
        client = connect()
        client.actual("a1", None)
        client.log(ROW)
        assert client.flush(5)
        row_id = client.log(ROW)
        assert client.flush(5)
    finally:
        logging.getLogger("watchkeeper").removeHandler(handler)
    assert row_id in collector.predictions


def test_the_caller_pays_little(connect):
    """The bar is 20 µs on a quiet machine; machines are noisy, so the best of several medians."""
    client = connect(limits={"linger": 30.0, "batch_rows": 100_000, "ring_rows": 100_000})

    def median():
        times = []
        for _ in range(1000):
            start = time.perf_counter_ns()
            client.log(ROW, 1, score=0.5)
            times.append(time.perf_counter_ns() - start)
        return sorted(times)[500] / 1000

    assert min(median() for _ in range(5)) < 20
