"""Cleaning: what teaches nothing goes, and only that."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from monitor.core.spec import FeatureType, Task
from trainer.research import clean
from trainer.research.collect import Examples, Target


def test_rows_without_an_actual_with_a_later_twin_or_repeated_are_left_out(made):
    table = made.table("binary", 50)
    actual = table["actual"].to_pylist()
    actual[3] = None
    table = table.set_column(table.column_names.index("actual"), "actual", pa.array(actual))
    twice = table.slice(10, 1).set_column(0, "prediction_id", pa.array(["another"]))
    again = table.slice(20, 1)
    mixed = pa.concat_tables([twice, again, table])

    rows, removed = clean.usable(Examples(mixed), Task.BINARY)

    assert removed == {"no actual": 1, "same id": 1, "repeated": 1}
    assert rows.rows == 49
    assert (np.diff(rows.timestamps) > 0).all()


def test_equal_rows_of_one_coarse_moment_are_honest(made):
    table = made.table("binary", 4)
    same = pa.concat_tables([table.slice(0, 1)] * 6)
    same = same.set_column(0, "prediction_id", pa.array([f"p{i}" for i in range(6)]))

    assert clean.usable(Examples(same), Task.BINARY)[0].rows == 6


def test_an_actual_that_is_no_number_is_none(made):
    table = made.table("regression", 5)
    actual = pa.array([1.0, None, float("nan"), float("inf"), 2.0])
    table = table.set_column(table.column_names.index("actual"), "actual", actual)

    assert clean.usable(Examples(table), Task.REGRESSION)[1]["no actual"] == 3


def test_bounds_leave_room_for_drift_but_not_for_another_unit():
    values = np.random.default_rng(0).normal(10, 1, 5000)
    table = Examples(pa.table({"features.x": values, "features.c": [1.0] * 5000}))

    bounds = clean.learn_bounds(table, {"x": FeatureType.NUMBER, "c": FeatureType.NUMBER})

    assert set(bounds) == {"x"}
    assert bounds["x"].low == pytest.approx(0.7, abs=1)
    assert bounds["x"].high == pytest.approx(19.3, abs=1)


def test_the_positive_label_comes_last_and_too_many_classes_are_refused(made):
    table = made.table("binary", 50)
    spec = made.spec("binary", positive_label="0")
    assert Target.of(spec, Examples(table)).labels == ("1", "0")
    assert Target.of(made.spec("binary"), Examples(table)).labels == ("0", "1")
    many = Examples(made.table("multiclass", 50))
    with pytest.raises(ValueError, match="cannot have 3 classes"):
        Target.of(spec, many)
    known = Target.of(made.spec("multiclass"), many)
    assert known.encode(Examples(table)).tolist() == [-1.0] * 50


def labelled(*counts):
    """Rows with labels, each so often."""
    actual = [label for label, rows in counts for _ in range(rows)]
    return Examples(pa.table({"actual": pa.array(actual, pa.string())}))


def test_one_odd_actual_does_not_stop_a_binary_model(made):
    rows, gone = clean.without_odd_labels(
        labelled(("0", 1500), ("N/A", 9), ("1", 3)), made.spec("binary", positive_label="1")
    )

    assert gone == 9
    assert set(rows.column("actual")) == {"0", "1"}  # a rare positive label is still the positive
    assert clean.without_odd_labels(rows, made.spec("binary"))[1] == 0


def test_a_third_class_of_many_rows_is_a_mistake_and_said_so(made):
    with pytest.raises(ValueError, match="cannot have 3 classes"):
        clean.without_odd_labels(labelled(("a", 50), ("b", 50), ("c", 6)), made.spec("binary"))


def test_labels_of_a_few_rows_are_left_out_unless_there_are_many_of_them(made):
    spec = made.spec("multiclass")
    rows, gone = clean.without_odd_labels(labelled(("a", 100), ("b", 5), ("x", 4)), spec)
    tail = labelled(("a", 50), ("b", 50), *((f"t{i}", 2) for i in range(20)))

    assert (gone, set(rows.column("actual"))) == (4, {"a", "b"})
    assert clean.without_odd_labels(tail, spec)[1] == 0
    assert clean.without_odd_labels(labelled(("a", 3)), made.spec("regression"))[1] == 0


def untimed(table, upload, origins, actual=None):
    """A table whose reference rows all have the moment of their upload."""
    stamps = [
        upload if origin == "reference" else stamp
        for origin, stamp in zip(origins, table["timestamp"].to_pylist(), strict=True)
    ]
    new = {
        "timestamp": pa.array(stamps, pa.timestamp("us", "UTC")),
        "origin": pa.array(origins),
        "actual": table["actual"] if actual is None else pa.array(actual),
    }
    for name, values in new.items():
        table = table.set_column(table.column_names.index(name), name, values)
    return table


def test_a_reference_without_times_is_older_than_the_predictions_before_its_upload(made):
    origins = ["reference"] * 40 + ["prediction"] * 60
    upload = made.start + timedelta(days=90)

    rows, _ = clean.usable(
        Examples(untimed(made.table("binary", 100), upload, origins)), Task.BINARY
    )

    assert rows.column("origin").tolist() == origins
    assert (np.diff(rows.timestamps) >= 0).all()


def test_a_reference_with_times_stays_where_its_times_put_it(made):
    origins = ["prediction"] * 60 + ["reference"] * 40
    table = made.table("binary", 100)
    table = table.set_column(table.column_names.index("origin"), "origin", pa.array(origins))

    rows, _ = clean.usable(Examples(table), Task.BINARY)

    assert rows.column("origin").tolist() == origins
    assert rows.timestamps.tolist() == Examples(table).timestamps.tolist()


def test_rows_of_one_moment_that_were_sorted_by_their_label_are_mixed_the_same_way_each_time(made):
    table = untimed(
        made.table("binary", 200), made.start, ["reference"] * 200, ["0"] * 100 + ["1"] * 100
    )

    rows, again = (clean.usable(Examples(table), Task.BINARY, seed=3)[0] for _ in range(2))

    newest = rows.column("actual")[-30:].tolist()
    assert 5 < newest.count("0") < 25
    assert rows.table.equals(again.table)
