"""Arrow bodies hold what JSON would, and bodies of either format are cut without loss."""

import io
import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from adapters.collector import arrow_rows
from hypothesis import given
from hypothesis import strategies as st
from watchkeeper.arrow import arrow_requests, halves
from watchkeeper.frames import Names
from watchkeeper.wire import ARROW, Request, text


def packed(frame, rows):
    return arrow_requests(frame, Names(), [f"r{i}" for i in range(rows)], 1000, None)


def features(request):
    return [row["features"] for row in arrow_rows(request.body)]


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


def endless():
    value = []
    value.append(value)
    return value


def same(one, other):
    """Equal, NaN included."""
    return json.dumps(one) == json.dumps(other)


@given(st.lists(st.floats() | st.text(), min_size=2, max_size=9))
def test_halves_are_the_whole(rows):
    whole = Request("actuals", text(rows), len(rows))

    first, second = halves(whole)

    assert same(json.loads(first.body) + json.loads(second.body), json.loads(whole.body))
    assert first.rows + second.rows == len(rows)


@given(st.integers(20, 50))
def test_halves_of_arrow_are_the_whole(rows):
    (whole,) = packed({"a": list(range(rows)), "b": ["x"] * rows}, rows)

    first, second = halves(whole)

    assert arrow_rows(first.body) + arrow_rows(second.body) == arrow_rows(whole.body)
    assert first.rows + second.rows == rows
    assert len(first.body) < len(whole.body)


@pytest.mark.parametrize(
    "request_",
    [
        Request("actuals", b"[{}]", 1),
        Request("predictions", b"no arrow", 9, ARROW),
        Request("predictions", b"no json", 9),
    ],
)
def test_what_cannot_be_cut_is_not(request_):
    assert halves(request_) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ([timedelta(seconds=1.5)], 1.5),
        ([date(2024, 1, 2)], "2024-01-02"),
        ([time(3, 4)], "03:04:00"),
        ([Decimal("1.25")], 1.25),
        ([b"caf\xc3\xa9"], "café"),
        (pd.Series([pd.Timedelta("1s")]), 1.0),
        (pd.Series(["a"], dtype="category"), "a"),
        (pd.Series(["a"], dtype="string"), "a"),
        (pd.Series([True], dtype="boolean"), True),
        (pd.Series([3], dtype="UInt8"), 3),
        (np.array([[1.0]])[:, 0], 1.0),
        ([[1.0, 2.0]], [1.0, 2.0]),
        ([np.array([1.0, 2.0])], [1.0, 2.0]),
        (pd.Series([[1.0, 2.0]]), [1.0, 2.0]),
    ],
)
def test_a_column_of_any_type_reads_as_in_json(column, value):
    column = column.repeat(30) if hasattr(column, "repeat") else column * 30

    (request,) = packed({"a": column}, 30)

    assert features(request) == [{"a": value}] * 30


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(pd.period_range("2024", periods=30)),
        pd.Series(pd.interval_range(0, 30)),
        [{"deep": 1}] * 30,
        [[{"deep": 1}]] * 30,
        [1, "a"] * 15,
        [10**30] * 30,
        [nested(100_000)] * 30,
        pd.Series([nested(100_000)] * 30),
        np.array([*[nested(100_000)] * 29, None], dtype=object),
        [(nested(100_000),)] * 30,
        [{"a": nested(100_000)}] * 30,
        [np.array([nested(100_000), 1], dtype=object)] * 30,
        [endless()] * 30,
    ],
    ids=lambda column: type(column).__name__,  # the values cannot be spelt
)
def test_a_column_that_arrow_would_not_keep_goes_as_json(column):
    assert packed({"a": column}, 30) is None


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pa.table])
def test_times_are_those_of_the_frame_in_every_unit(kind):
    given = [datetime(2024, 1, 2, 3, tzinfo=UTC) + timedelta(seconds=i) for i in range(30)]
    frame = kind({"timestamp": given, "seen": given})

    (request,) = packed(frame, 30)

    rows = arrow_rows(request.body)
    assert [row["timestamp"] for row in rows] == given
    assert [row["features"]["seen"] for row in rows] == given


def test_bodies_stay_below_a_mebibyte():
    values = np.random.default_rng(1).normal(size=(20_000, 20))
    frame = pd.DataFrame(values).add_prefix("x")

    made = packed(frame, 20_000)

    assert sum(request.rows for request in made) == 20_000
    assert max(len(request.body) for request in made) <= 1 << 20


def test_a_body_is_one_stream_that_every_reader_knows():
    frame = pl.DataFrame({"a": pl.Series(["x", "y"] * 15, dtype=pl.Categorical), "b": ["z"] * 30})

    (request,) = packed(frame, 30)

    schema = pa.ipc.open_stream(io.BytesIO(request.body)).schema
    kinds = {schema.field(f"features.{name}").type for name in "ab"}
    assert kinds <= {pa.string(), pa.large_string()}
