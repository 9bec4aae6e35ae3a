"""When predictions and their actuals arrived."""

from datetime import timedelta
from itertools import count

import numpy as np
from builders import NOON, actual, keep_types, prediction, sent, store_at

from monitor.core.rows import Kind
from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Window

DAY = Window(NOON - timedelta(days=1), NOON + timedelta(days=1))
HOUR = timedelta(hours=1)


def at_hours(directory):
    """A store whose clock shows a new hour whenever a body comes."""
    hours = count()
    store = store_at(directory, infer=keep_types, clock=lambda: NOON + HOUR * next(hours))
    store.catalog.declare("m", ModelSpec(Task.BINARY))
    return store


def test_delays_and_counts_are_those_of_first_actuals(tmp_path):
    store = at_hours(tmp_path)
    sent(store, [prediction(n, version="12"[n % 2]) for n in range(100)])
    sent(store, [actual(n, 1) for n in range(0, 100, 4)], Kind.ACTUALS)
    sent(store, [actual(n, 0) for n in range(0, 100, 2)], Kind.ACTUALS)
    ((received,),) = store.database.read("SELECT max(received_at) FROM predictions_1")
    now = received.replace(tzinfo=NOON.tzinfo) + 10 * HOUR

    delays = store.arrivals.delays("m", NOON - HOUR, now)
    assert len(delays.came) == 50
    assert len(np.unique(delays.came)) == 2
    assert delays.came.min() > 0
    assert delays.waiting.tolist() == [36_000.0] * 50
    assert len(store.arrivals.delays("m", now, now).came) == 0

    counts = store.arrivals.label_counts("m", DAY, HOUR, now)
    assert [(c.window.start.hour, c.version, c.rows, c.labelled) for c in counts] == [
        (12, "1", 30, 30),
        (12, "2", 30, 0),
        (13, "1", 20, 20),
        (13, "2", 20, 0),
    ]
    assert counts[0].rows_of_age.tolist() == [30.0]
    assert 36_000 <= counts[0].ages[0] < 36_060
    store.close()
