"""Frames of every library give the same rows, and what cannot be read is counted whole."""

import math
import sys
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

COLUMNS = {
    "prediction_id": [f"id{i}" for i in range(30)],
    "timestamp": [datetime(2024, 1, 1, 0, i, tzinfo=UTC) for i in range(30)],
    "age": list(range(30)),
    "income": [i / 3 for i in range(30)],
    "city": [None if i == 7 else f"c{i % 3}" for i in range(30)],
    "known": [i % 2 == 0 for i in range(30)],
    "prediction": [i % 2 for i in range(30)],
    "score": [i / 30 for i in range(30)],
}
FEATURES = ("age", "income", "city", "known")
KINDS = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "arrow": pa.table,
    "batch": pa.RecordBatch.from_pydict,
    "columns": dict,
    "arrays": lambda columns: {name: np.array(column) for name, column in columns.items()},
    "rows": lambda columns: pa.table(columns).to_pylist(),
}


def instant(value):
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


@pytest.mark.parametrize("without_arrow", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_frame_gives_the_same_rows(
    collector, connect, kind, without_arrow, monkeypatch
):
    frame = KINDS[kind](COLUMNS)
    if without_arrow:
        monkeypatch.setitem(sys.modules, "pyarrow", None)
    client = connect(version="3")

    ids = client.log_batch(frame)

    assert client.flush(5)
    monkeypatch.undo()
    assert ids == COLUMNS["prediction_id"] == list(collector.predictions)
    for place, row in enumerate(collector.predictions.values()):
        assert row["features"] == {name: COLUMNS[name][place] for name in FEATURES}
        assert instant(row["timestamp"]) == COLUMNS["timestamp"][place]
        assert row["prediction"] == COLUMNS["prediction"][place]
        assert row["score"] == COLUMNS["score"][place]
        assert row["version"] == "3"
    assert client.counters.accepted == client.counters.logged == 30


def test_a_frame_goes_as_arrow_from_twenty_rows_where_it_can(collector, connect):
    client = connect()

    client.log_batch(pd.DataFrame({"a": range(19)}))
    client.log_batch(pd.DataFrame({"a": range(20)}))
    client.log_batch(pd.DataFrame({"a": [1, "text"] * 20}))

    assert client.flush(5)
    assert sorted(headers["Content-Type"] for _, headers, _ in collector.requests) == [
        "application/json",
        "application/json",
        "application/vnd.apache.arrow.stream",
    ]
    assert len(collector.predictions) == 79


@pytest.mark.parametrize("rows", [3, 30])
def test_ids_and_times_are_made_where_there_are_none(collector, connect, rows):
    client = connect()

    ids = client.log_batch(pd.DataFrame({"a": range(rows)}))

    assert client.flush(5)
    assert len(set(ids)) == rows
    assert [collector.predictions[row_id]["features"]["a"] for row_id in ids] == list(range(rows))
    assert all(row["timestamp"] > 1_700_000_000_000 for row in collector.predictions.values())


@pytest.mark.parametrize("rows", [3, 30])
@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, dict])
def test_ids_and_times_are_made_for_the_rows_that_lack_them(collector, connect, rows, kind):
    client = connect()
    frame = kind(
        {
            "prediction_id": ["mine", *[None] * (rows - 1)],
            "timestamp": [datetime(2024, 1, 1), *[None] * (rows - 1)],  # noqa: DTZ001
            "a": list(range(rows)),
        }
    )

    ids = client.log_batch(frame)

    assert client.flush(5)
    assert ids[0] == "mine"
    assert len(set(ids)) == rows
    assert set(ids) == set(collector.predictions)
    assert instant(collector.predictions["mine"]["timestamp"]) == datetime(2024, 1, 1, tzinfo=UTC)
    assert all(row["timestamp"] is not None for row in collector.predictions.values())


@pytest.mark.parametrize("rows", [3, 30])
def test_the_columns_may_have_names_of_ones_own(collector, connect, rows):
    client = connect()
    frame = pl.DataFrame(
        {
            "key": [f"k{i}" for i in range(rows)],
            "when": [1000 + i for i in range(rows)],
            "yhat": [0.5] * rows,
            "p": [0.25] * rows,
            "prediction": ["a feature"] * rows,
            "unused": [1] * rows,
        }
    )

    client.log_batch(
        frame,
        prediction="yhat",
        score="p",
        prediction_id="key",
        timestamp="when",
        features=["prediction"],
    )

    assert client.flush(5)
    row = collector.predictions["k2"]
    assert row["features"] == {"prediction": "a feature"}
    assert (row["timestamp"], row["prediction"], row["score"]) == (1002, 0.5, 0.25)


@pytest.mark.parametrize("rows", [3, 30])
def test_an_index_of_pandas_is_no_feature_and_numbered_columns_are_named(collector, connect, rows):
    client = connect()
    frame = pd.DataFrame({0: range(rows), "b": 1.5}, index=[f"r{i}" for i in range(rows)])

    client.log_batch(frame)

    assert client.flush(5)
    assert {tuple(row["features"]) for row in collector.predictions.values()} == {("0", "b")}


@pytest.mark.parametrize("rows", [3, 30])
def test_categories_and_what_pandas_calls_missing_are_read(collector, connect, rows):
    client = connect()
    frame = pd.DataFrame(
        {
            "cat": pd.Categorical(["a", None, *["b"] * (rows - 2)]),
            "number": [1.5, np.nan, *[2.0] * (rows - 2)],
            "whole": pd.array([1, None, *[2] * (rows - 2)], dtype="Int64"),
        }
    )

    ids = client.log_batch(frame)

    assert client.flush(5)
    first, second = (collector.predictions[row_id]["features"] for row_id in ids[:2])
    assert first == {"cat": "a", "number": 1.5, "whole": 1}
    assert second == {"cat": None, "number": None, "whole": None}


@pytest.mark.parametrize("rows", [3, 30])
def test_nan_and_missing_are_apart_where_the_library_keeps_them_apart(collector, connect, rows):
    client = connect()
    frame = pl.DataFrame({"x": [float("nan"), None, *[1.0] * (rows - 2)]})

    ids = client.log_batch(frame)

    assert client.flush(5)
    first, second = (collector.predictions[row_id]["features"]["x"] for row_id in ids[:2])
    assert math.isnan(first)
    assert second is None


@pytest.mark.parametrize(
    ("frame", "rows", "said"),
    [
        ({"a": [1, 2, 3], "b": [1]}, 3, "unequal length: {'a': 3, 'b': 1}"),
        ({"a": list(range(40)), "b": list(range(39))}, 40, "unequal length"),
        ({"a": [1, 2], "prediction": [1, 2, 3]}, 3, "unequal length"),
        (pd.DataFrame([[1, 2]] * 3, columns=["a", "a"]), 3, "two columns have one name"),
        (pd.DataFrame([[1, 2]] * 30, columns=["a", "a"]), 30, "two columns have one name"),
        ("text", 4, "str is no frame"),
        (7, 1, "int"),
    ],
)
def test_a_frame_that_cannot_be_read_is_counted_and_said_and_never_cut(
    collector, connect, caplog, frame, rows, said
):
    """Trap: a peer cuts unequal columns to the shortest, and says nothing."""
    client = connect()

    assert client.log_batch(frame) == []

    client.close()
    assert collector.requests == []
    assert client.counters.dropped == client.counters.logged == rows
    assert said in caplog.text


def test_a_feature_that_is_asked_for_and_not_there_is_said(connect, caplog):
    client = connect()

    assert client.log_batch({"a": [1]}, features=["a", "b"]) == []

    client.close()
    assert "no column 'b'" in caplog.text


def test_a_bad_row_in_a_list_does_not_cost_its_neighbours(collector, connect):
    client = connect()
    rows = [{"a": 1, "prediction": 0}, None, {"a": 2}, {"b": 3, "prediction_id": "mine"}]

    ids = client.log_batch(rows)

    assert client.flush(5)
    assert len(ids) == 4
    assert set(collector.predictions) == {ids[0], ids[2], "mine"}
    assert collector.predictions["mine"]["features"] == {"b": 3}
    assert client.counters.dropped == 1
    assert client.counters.logged == 4


def test_an_empty_frame_is_nothing(connect):
    client = connect()

    for frame in ([], {}, {"a": []}, pd.DataFrame(), pd.DataFrame({"a": []}), pl.DataFrame()):
        assert client.log_batch(frame) == []

    assert client.counters.logged == 0


def test_a_frame_that_is_changed_after_the_call_is_sent_as_it_was(collector, connect):
    client = connect(limits={"linger": 0.3})
    frame = pd.DataFrame({"a": np.zeros(30)})
    rows = [{"a": [0]}]

    first = client.log_batch(frame)
    second = client.log_batch(rows)
    frame.loc[:, "a"] = 9.0
    rows[0]["a"].append(9)

    assert client.flush(5)
    assert {collector.predictions[row_id]["features"]["a"] for row_id in first} == {0.0}
    assert collector.predictions[second[0]]["features"]["a"] == [0]


def test_a_large_frame_goes_in_parts_and_whole(collector, connect):
    client = connect(limits={"ring_bytes": 2 << 20})
    wide = pd.DataFrame(np.random.default_rng(1).normal(size=(20_000, 20))).add_prefix("x")

    ids = client.log_batch(wide)

    assert client.flush(20)
    assert len(ids) == len(collector.predictions) == 20_000
    assert collector.predictions[ids[-1]]["features"]["x19"] == wide.iloc[-1, 19]
    assert max(len(body) for _, _, body in collector.requests) < 2 << 20
    assert len(collector.requests) < 20


def test_a_frame_waits_for_room_no_longer_than_allowed(connect):
    client = connect(url="http://127.0.0.1:9", limits={"ring_bytes": 100_000, "spool_bytes": 0})

    ids = client.log_batch([{"text": "x" * 1000}] * 2000, wait=0.2)

    counters = client.counters
    assert len(ids) == counters.logged == 2000
    assert counters.dropped == counters.reasons["full"] > 0
    assert counters.waiting == 2000 - counters.dropped


def test_actuals_go_many_at_once(collector, connect):
    client = connect()

    client.actual_batch(["a", "b", "c", 4], np.array([0, 1, 0, 1]), [1, 2, 3, 4])
    client.actual_batch(pd.Series(["d", "e"]), [False, None])

    assert client.flush(5)
    assert [(r["prediction_id"], r["actual"]) for r in collector.actuals] == [
        ("a", 0),
        ("b", 1),
        ("c", 0),
        ("4", 1),
        ("d", False),
    ]
    assert [row["timestamp"] for row in collector.actuals[:4]] == [1, 2, 3, 4]
    assert client.counters.dropped == 1


def test_as_many_values_as_ids_are_wanted(collector, connect):
    client = connect()

    client.actual_batch(["a", "b"], [1])

    assert client.flush(5)
    assert collector.actuals == []
    assert client.counters.dropped == client.counters.logged == 2
