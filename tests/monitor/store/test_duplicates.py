"""The same id again, whenever and however: counted, and nothing else."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from builders import NOON, body, milliseconds, prediction, predictions, sent, store_at

from monitor.core.rows import Body, Kind
from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Window

YEAR = Window(NOON - timedelta(days=180), NOON + timedelta(days=180))
ARROW = "application/vnd.apache.arrow.stream"


@dataclass
class Clock:
    """One that tests set."""

    now: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self):
        return self.now


def opened(directory, clock):
    store = store_at(directory, clock=clock)
    store.catalog.declare("m", ModelSpec(Task.BINARY))
    return store


def arrow(rows):
    table, sink = pa.Table.from_pylist(rows), pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return Body(sink.getvalue().to_pybytes(), ARROW)


def held(store):
    """All that there is: rows as sent, and what was counted."""
    rows, _ = store.predictions.by_time("m", YEAR, 1000)
    return rows, store.profiles.profile("m", YEAR)


def restart(store, clock, directory):
    store.close()
    return opened(directory, clock)


def a_month_later(store, clock, directory):
    clock.now += timedelta(days=31)
    sent(store, [prediction(1, prediction_id="between", timestamp=milliseconds(clock.now))])
    return restart(store, clock, directory)


OCCASIONS = {
    "at once": lambda store, clock, directory: store,
    "once folded": lambda store, *_: (store.predictions.wait_folded(timedelta(seconds=10)), store)[
        1
    ],
    "after a restart": restart,
    "a month later": a_month_later,
}
OTHERWISE = {
    "the same": {},
    "another version": {"version": "2"},
    "another time": {"timestamp": milliseconds(NOON + timedelta(days=40))},
    "another value": {"score": 0.125, "features": {"age": -1.0, "city": "Bonn"}},
}


@pytest.mark.parametrize("form", [body, arrow])
@pytest.mark.parametrize("otherwise", OTHERWISE)
@pytest.mark.parametrize("occasion", OCCASIONS)
def test_it_is_counted_and_changes_nothing(tmp_path, occasion, otherwise, form):
    clock = Clock()
    store = opened(tmp_path, clock)
    assert store.predictions.append("m", Kind.PREDICTIONS, form(predictions(20))).result(10)
    store = OCCASIONS[occasion](store, clock, tmp_path)
    again = [row | OTHERWISE[otherwise] for row in predictions(20)]

    done = store.predictions.append("m", Kind.PREDICTIONS, form(again)).result(10)

    assert (done.accepted, done.duplicates, list(done.rejected)) == (0, 20, [])
    store.predictions.wait_folded(timedelta(seconds=10))
    rows, profile = held(store)
    kept = [row for row in rows if row["prediction_id"] != "between"]
    assert [(r["prediction_id"], r["version"], r["score"], r["features"]) for r in kept] == [
        (r["prediction_id"], r["version"], r["score"], r["features"]) for r in predictions(20)
    ]
    assert profile.rows == len(rows)
    store.close()


@pytest.mark.parametrize("form", [body, arrow])
def test_in_one_body_the_first_of_each_id_counts(tmp_path, form):
    store = opened(tmp_path, Clock())
    rows = [prediction(n % 5, score=n / 20) for n in range(15)]

    done = store.predictions.append("m", Kind.PREDICTIONS, form(rows)).result(10)

    assert (done.accepted, done.duplicates) == (5, 10)
    store.predictions.wait_folded(timedelta(seconds=10))
    assert [row["score"] for row in held(store)[0]] == [0, 0.05, 0.1, 0.15, 0.2]
    store.close()


def test_the_same_id_of_another_model_is_another_row(tmp_path):
    store = opened(tmp_path, Clock())
    store.catalog.declare("other", ModelSpec(Task.BINARY))

    assert sent(store, predictions(3)).accepted == 3
    assert sent(store, predictions(3), model="other").accepted == 3
    store.close()


def test_many_duplicates_take_about_as_long_as_rows_that_are_new(tmp_path):
    store = opened(tmp_path, Clock())
    bodies = [arrow(predictions(2000, start)) for start in range(0, 100_000, 2000)]

    def seconds(expected):
        began = time.process_time()
        done = [store.predictions.append("m", Kind.PREDICTIONS, b).result(60) for b in bodies]
        assert sum(d.duplicates for d in done) == expected
        store.predictions.wait_folded(timedelta(seconds=60))
        return time.process_time() - began

    new = seconds(0)
    for _ in range(2):
        assert seconds(100_000) < 2 * new + 1
    assert store.profiles.profile("m", YEAR).rows == 100_000
    store.close()
