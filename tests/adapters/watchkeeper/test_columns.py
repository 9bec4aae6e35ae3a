"""Rows of every shape become the same columns."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from watchkeeper.columns import columns_of, rows_in

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


@given(st.lists(st.tuples(st.floats(-9, 9), st.text(max_size=3)), min_size=1, max_size=5))
def test_a_frame_its_columns_and_its_rows_read_alike(rows):
    frame = pd.DataFrame(rows, columns=["a", "b"])

    assert (
        listed(columns_of(frame))
        == listed(columns_of(frame.to_dict("list")))
        == columns_of(frame.to_dict("records"))
    )
