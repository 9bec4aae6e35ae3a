"""Tables of every making: odd types, missing columns, lines with wrong cells."""

import io
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from formats import ARROW, arrow, listed, read

from monitor.core.errors import BodyError
from monitor.core.rows import Kind


def test_actuals_of_a_table_lack_what_is_null():
    rows = read(b"prediction_id,actual\n007,1\n,0\nx,\n", "text/csv; header=present", Kind.ACTUALS)

    assert [r.index for r in rows.rejected] == [1, 2]
    assert rows.columns["prediction_id"] == ["007", None, None]


def test_csv_lines_with_wrong_cells_are_rejected_and_the_rest_lives():
    rows = read(b'features.a,features.b\n1,x\n\n1\n"2","y\nz"\n1,2,3\n3,\n', "text/csv")

    assert [r.index for r in rows.rejected] == [1, 3]
    assert listed(rows.features["a"]) == [1, None, 2, None, 3]
    assert listed(rows.features["b"]) == ["x", None, "y\nz", None, None]


def test_one_text_among_the_numbers_of_a_csv_column_does_not_make_all_of_them_texts():
    rows = read(b"features.age\n41\nold\n7\nnan\n", "text/csv")

    assert rows.features["age"][:3] == [41.0, "old", 7.0]
    assert np.isnan(rows.features["age"][3])


def test_an_empty_table_is_no_rows():
    assert read(arrow(pa.table({"x": pa.array([], pa.int64())})), ARROW).size == 0
    assert read(b"features.a\n", "text/csv").size == 0


def test_a_table_without_features_says_how_to_name_them():
    with pytest.raises(BodyError, match=r"'features\.NAME'.*rename 'age' to 'features\.age'"):
        read(b"age\n1\n", "text/csv")


def test_arrow_of_polars_is_read():
    frame = pl.DataFrame(
        {
            "prediction_id": ["a", "b"],
            "features": [{"x": 1, "c": "u"}, {"x": 2, "c": "v"}],
            "features.cat": pl.Series(["p", "q"], dtype=pl.Categorical),
            "features.day": [date(2024, 5, 1), None],
            "features.vector": [[1.0, 2.0], [3.0, 4.0]],
        }
    )
    sink = io.BytesIO()
    frame.write_ipc_stream(sink)

    rows = read(sink.getvalue(), ARROW)

    assert {name: listed(column) for name, column in rows.features.items()} == {
        "x": [1, 2],
        "c": ["u", "v"],
        "cat": ["p", "q"],
        "day": [datetime(2024, 5, 1, tzinfo=UTC).replace(tzinfo=None), None],
        "vector": [[1.0, 2.0], [3.0, 4.0]],
    }


def test_a_null_struct_is_a_row_without_features():
    features = pa.array([{"a": 1}, None], pa.struct([("a", pa.int64())]))
    rows = read(arrow(pa.table({"features": features, "score": [0.5, 0.6]})), ARROW)

    assert [r.index for r in rows.rejected] == [1]
    assert listed(rows.features["a"]) == [1, None]
    assert listed(rows.columns["score"]) == [0.5, None]


def test_odd_types_are_values():
    table = pa.table(
        {
            "features.map": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())),
            "features.half": pa.array(np.array([1, 2], np.float16)),
            "features.bytes": pa.array([b"x", None]),
            "features.span": pa.array([1, 2], pa.duration("s")),
            "score": pa.array([{"a": 0.25}, {"a": 0.75}]),
        }
    )
    rows = read(arrow(table), ARROW)

    assert rows.features["map"] == [{"a": 1}, None]
    assert listed(rows.features["half"]) == [1.0, 2.0]
    assert rows.features["bytes"] == [b"x", None]
    assert rows.columns["score"] == [{"a": 0.25}, {"a": 0.75}]


def test_two_columns_of_one_name_are_refused():
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["features.a"] * 2)
    with pytest.raises(BodyError, match="twice"):
        read(arrow(table), ARROW)
