"""Whatever a program logs, nothing raises and every row is sent or counted."""

import threading
from enum import Enum

import numpy as np
import pandas as pd
import pytest
from adapters.collector import sent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROW = {f"x{i}": i + 0.5 for i in range(17)} | {"gender": "Female", "note": "", "known": True}


class Hostile:
    """Nothing that one may do with it works."""

    def __getattribute__(self, name):
        raise RuntimeError("hands off")

    def __str__(self):
        raise RuntimeError("hands off")

    __deepcopy__ = __repr__ = __str__


def contains_itself():
    row = {}
    row["row"] = row
    return row


@pytest.mark.parametrize(
    "bad",
    [
        lambda client: client.log(None),
        lambda client: client.log([1, 2]),
        lambda client: client.log(Hostile()),
        lambda client: client.log({"a": Hostile()}),
        lambda client: client.log(contains_itself()),
        lambda client: client.log({}, Hostile()),
        lambda client: client.log({}, prediction_id=Hostile(), tags=Hostile()),
        lambda client: client.actual(Hostile(), Hostile()),
        lambda client: client.log_batch(Hostile()),
        lambda client: client.log_batch(None),
        lambda client: client.log_batch({"a": [1], "b": 3}),
        lambda client: client.actual_batch(["a"], [1, 2]),
        lambda client: client.actual_batch(Hostile(), None),
    ],
)
def test_nothing_that_is_logged_raises_or_spoils_what_comes_later(collector, connect, bad):
    """Traps: one peer raises inside the scorer, another fails for ever after one exception."""
    client = connect()

    before = client.log(ROW)
    bad(client)
    after = client.log(ROW)

    assert client.flush(5)
    assert {before, after} <= set(collector.predictions)
    assert client.counters.dropped + len(collector.predictions) == client.counters.logged
    assert client.counters.dropped >= 1


class Exploding:
    """Cannot be turned into anything, compared or hashed."""

    def fail(self, *_):
        raise ArithmeticError("no")

    __float__ = __int__ = __index__ = __repr__ = __str__ = __eq__ = __hash__ = fail
    __len__ = __iter__ = __bool__ = __reduce_ex__ = __copy__ = __deepcopy__ = fail


class ExplodingMapping(dict):
    def keys(self):
        raise ArithmeticError("no")

    __iter__ = items = __len__ = keys


class Unhashable(Enum):
    ONE = [1]  # noqa: RUF012 - a member whose value is mutable


def nest(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


SMALL = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=9),
    st.binary(max_size=9),
    st.decimals(),
    st.datetimes(),
    st.dates(),
    st.timedeltas(),
    st.complex_numbers(),
    st.fractions(),
    st.uuids(),
    st.builds(np.float32, st.floats(width=32)),
    st.builds(np.int64, st.integers(-5, 5)),
    st.builds(np.array, st.lists(st.floats(), max_size=3)),
    *[
        st.builds(make)  # made anew: hypothesis must be able to say what it is
        for make in (
            lambda: np.datetime64("NaT"),
            lambda: np.array(5, dtype=object),
            lambda: np.zeros((0, 3)),
            lambda: np.array([1], dtype=[("a", "i4")]),
            lambda: pd.NaT,
            lambda: pd.NA,
            lambda: pd.Series([1, 2]),
            lambda: 10**5000,
            lambda: Unhashable.ONE,
            lambda: Ellipsis,
            lambda: print,
            threading.Lock,
            lambda: iter([1]),
            lambda: (x for x in "ab"),
            lambda: type,
            lambda: nest(5000),
        )
    ],
    st.builds(Exploding),
    st.builds(ExplodingMapping),
    st.builds(contains_itself),
)


ANYTHING = st.recursive(
    SMALL,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner),
        st.dictionaries(st.text(max_size=3) | st.integers() | st.tuples(st.text()), inner),
    ),
    max_leaves=8,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(ANYTHING, min_size=9, max_size=9))
def test_whatever_is_passed_nothing_raises_and_every_row_is_sent_or_counted(
    collector, connect, things
):
    """Every call of the client, every argument: the program goes on, and no row is unaccounted."""
    client = connect(limits={"linger": 0.001})
    a, b, c, d, e, f, g, h, i = things

    good = client.log(ROW)
    client.log(a)
    client.log({"x": b}, c, score=d, timestamp=e, latency_ms=f, tags=g)
    client.log({"x": b}, prediction_id=h, version=i)
    client.log_batch(a)
    client.log_batch([{"x": b}, {"y": c, "timestamp": d, "prediction": e}], version=f)
    client.log_batch({"x": [b, c], "y": [d, e]}, features=g)
    client.log_batch({"x": [b] * 25, "y": [c] * 25, "prediction": [d] * 25})
    client.actual(h, a, timestamp=i)
    client.actual_batch([h, i], [a, b], c)
    client.actual_batch(d, e)

    assert client.flush(20)
    client.close()
    counters = client.counters
    ended = counters.accepted + counters.duplicates + counters.rejected + counters.dropped
    assert counters.logged == ended
    assert sum(counters.reasons.values()) == counters.dropped
    assert good in collector.predictions


def test_odd_names_and_texts_are_written_and_their_neighbours_unharmed(collector, connect):
    client = connect()
    odd = {1: "int", ("a", 2): "tuple", "": "empty", "naïve ☃": "\ud800 lone", 'quote"\\': "\0"}

    row_id = client.log(odd)
    good = client.log(ROW)

    assert client.flush(5)
    assert sent(collector, row_id)["features"] == {
        "1": "int",
        "('a', 2)": "tuple",
        "": "empty",
        "naïve ☃": "? lone",
        'quote"\\': "\0",
    }
    assert sent(collector, good)["features"] == ROW
