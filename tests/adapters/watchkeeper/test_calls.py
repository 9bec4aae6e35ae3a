"""One row or many, in every shape, are read alike; what does not fit is counted."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from watchkeeper.calls import Call, answers_of, columns_of, rows_in

TABLE = {"age": [1.0, 2.0, 3.0], "income": [4.0, 5.0, 6.0]}
ROWS = [{"age": a, "income": i} for a, i in zip(*TABLE.values(), strict=True)]


def listed(columns):
    return {
        name: list(getattr(column, "to_pylist", column.__iter__)())
        for name, column in columns.items()
    }


@pytest.mark.parametrize(
    "shape",
    [
        pd.DataFrame(TABLE, index=["a", "b", "c"]),
        pl.DataFrame(TABLE),
        pa.table(TABLE),
        pa.RecordBatch.from_pydict(TABLE),
        TABLE,
        {name: np.array(column) for name, column in TABLE.items()},
        {name: pd.Series(column) for name, column in TABLE.items()},
        ROWS,
        tuple(ROWS),
    ],
)
def test_rows_with_names_are_columns_by_name(shape):
    assert listed(columns_of(shape)) == TABLE
    assert rows_in(shape) == 3


@pytest.mark.parametrize("kind", [np.array, list, lambda rows: [np.array(row) for row in rows]])
def test_rows_without_names_get_some(kind):
    rows = [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]

    assert listed(columns_of(kind(rows))) == {"x0": TABLE["age"], "x1": TABLE["income"]}
    assert listed(columns_of(kind(rows), ["age", "income"])) == TABLE
    assert rows_in(kind(rows)) == 3


@pytest.mark.parametrize(
    "row",
    [
        {"age": 1.0, "city": "here"},
        {"age": 1.0, "vector": [1, 2]},
        {"age": np.float64(1.0), "vector": np.array([1, 2])},
        {"deep": {"a": 1}},
    ],
)
def test_a_mapping_of_values_is_one_row(row):
    assert columns_of(row) == {name: [value] for name, value in row.items()}
    assert rows_in(row) == 1


def test_rows_that_lack_a_feature_have_it_missing():
    assert columns_of([{"a": 1}, {"b": 2}]) == {"a": [1, None], "b": [None, 2]}


@pytest.mark.parametrize("shape", [np.ones((2, 2, 2)), np.array(5), csr_matrix(np.ones((2, 2)))])
def test_what_has_no_features_is_refused(shape):
    with pytest.raises(TypeError):
        columns_of(shape)


@pytest.mark.parametrize(
    ("answer", "rows", "predictions"),
    [
        (np.array([0, 1, 0]), 3, [0, 1, 0]),
        (np.array([[0], [1], [0]]), 3, [0, 1, 0]),
        (pd.Series([0, 1, 0]), 3, [0, 1, 0]),
        (pd.DataFrame({"yhat": [0, 1, 0]}), 3, [0, 1, 0]),
        (pd.DataFrame({"a": [0, 1], "b": [2, 3]}), 2, [{"a": 0, "b": 2}, {"a": 1, "b": 3}]),
        ([0, 1, 0], 3, [0, 1, 0]),
        (["no", "yes"], 2, ["no", "yes"]),
        ("yes", 1, ["yes"]),
        (0, 1, [0]),
        (None, 1, [None]),
        (np.float32(0.5), 1, [0.5]),
        ({"prediction": 0}, 1, [0]),
        ({"prediction": [0.5, 0.5]}, 1, [[0.5, 0.5]]),
        ({"prediction": [0, 1]}, 2, [0, 1]),
        ([{"prediction": 0}, {"prediction": 1}], 2, [0, 1]),
        ({"yes": 0.2, "no": 0.8}, 1, [{"yes": 0.2, "no": 0.8}]),
    ],
)
def test_answers_of_every_shape_are_one_a_row(answer, rows, predictions):
    assert list(answers_of(answer, rows)["prediction"]) == predictions


@pytest.mark.parametrize("answer", [[1, 2], np.zeros(5), 7, "yes", None])
def test_answers_that_do_not_fit_the_rows_are_refused(answer):
    with pytest.raises(ValueError, match="answers to 3 rows"):
        answers_of(answer, 3)


@given(st.lists(st.tuples(st.floats(-9, 9), st.text(max_size=3)), min_size=1, max_size=5))
def test_a_frame_its_columns_and_its_rows_read_alike(rows):
    frame = pd.DataFrame(rows, columns=["a", "b"])

    assert (
        listed(columns_of(frame))
        == listed(columns_of(frame.to_dict("list")))
        == columns_of(frame.to_dict("records"))
    )


def test_a_call_is_logged_as_it_was_asked(collector, connect):
    client, rows = connect(), {"a": np.array([1.0, 2.0]), "b": [[1], [2]]}
    call = Call(client, "test", lambda: columns_of(rows), 2)
    rows["a"][:] = 9
    rows["b"][0].append(9)

    call.answered(lambda: answers_of([0, 1], call.rows))

    assert client.flush(5)
    logged = [(row["features"], row["prediction"]) for row in collector.predictions.values()]
    assert logged == [({"a": 1.0, "b": [1]}, 0), ({"a": 2.0, "b": [2]}, 1)]


def test_a_call_that_is_never_answered_is_not_counted(connect):
    client = connect()

    Call(client, "test", lambda: columns_of(np.ones((2, 2, 2))), 2)

    assert client.counters.logged == 0


@pytest.mark.parametrize(
    ("asked", "answer"), [(np.ones((2, 2, 2)), [1, 2]), ([1, 2], [1, 2, 3]), ([1, 2], 1 / 3)]
)
def test_a_call_that_cannot_be_read_is_counted_by_its_rows(connect, asked, answer):
    client = connect()
    call = Call(client, "test", lambda: columns_of(asked), rows_in(asked))

    call.answered(lambda: answers_of(answer, call.rows))

    assert client.counters.dropped == client.counters.logged == 2
