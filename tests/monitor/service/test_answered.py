"""What a server answered is put where it belongs."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.spec import ModelSpec, Task
from monitor.service.answered import Output, answer_parts

BINARY = ModelSpec(Task.BINARY)
YES = ModelSpec(Task.BINARY, positive_label="yes")
MANY = ModelSpec(Task.MULTICLASS)
NUMBER = ModelSpec(Task.REGRESSION)
_VALUE = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.floats())


@pytest.mark.parametrize(
    ("spec", "outputs", "row"),
    [
        (BINARY, [Output("predictions", [1])], {"prediction": 1}),
        (BINARY, [Output("predictions", ["yes"])], {"prediction": "yes"}),
        (BINARY, [Output("predictions", [0.3])], {"score": 0.3}),
        (BINARY, [Output("output", [[0.3, 0.7]])], {"score": 0.7, "prediction": "1"}),
        (YES, [Output("output", [[0.3, 0.7]])], {"score": 0.7}),
        (
            YES,
            [Output("p", [[0.7, 0.3]], ["yes", "no"])],
            {"score": 0.7, "prediction": "yes"},
        ),
        (
            BINARY,
            [Output("label", [0]), Output("scores", [[0.3, 0.7]])],
            {"prediction": 0, "score": 0.7},
        ),
        (BINARY, [Output("probability", [1])], {"score": 1}),
        (BINARY, [Output("p", [[0.1, 0.2, 0.7]])], {"prediction": [0.1, 0.2, 0.7]}),
        (YES, [Output("scores", [{"yes": 0.7, "no": 0.3}])], {"score": 0.7}),
        (
            MANY,
            [Output("p", [[0.1, 0.2, 0.7]])],
            {"score": {"0": 0.1, "1": 0.2, "2": 0.7}, "prediction": "2"},
        ),
        (MANY, [Output("p", [{"a": 1.0}]), Output("x", [2])], {"prediction": {"a": 1.0}}),
        (MANY, [Output("prob", [{"a": 1.0}])], {"score": {"a": 1.0}}),
        (NUMBER, [Output("y", [0.5])], {"prediction": 0.5}),
        (
            NUMBER,
            [Output("y", [0.5]), Output("sigma", [0.1])],
            {"prediction": 0.5, "tags": {"sigma": 0.1}},
        ),
    ],
)
def test_an_answer_is_read_by_the_task(spec, outputs, row):
    (read,) = answer_parts(outputs, 1, spec)

    assert {k: read[k] for k in row} == row
    assert read.keys() - row.keys() <= {"tags"}


def test_nan_is_never_the_most_probable():
    (row,) = answer_parts([Output("p", [[math.nan, 0.1, 0.2]])], 1, MANY)

    assert row["prediction"] == "2"


@given(
    st.lists(st.lists(_VALUE, min_size=2, max_size=2), max_size=3),
    st.sampled_from([BINARY, YES, MANY, NUMBER]),
)
def test_no_value_gets_lost(columns, spec):
    outputs = [Output(f"o{i}", values) for i, values in enumerate(columns)]

    rows = answer_parts(outputs, 2, spec)

    assert len(rows) == 2
    for number, row in enumerate(rows):
        sent = sum(values[number] is not None for values in columns)
        held = len(row.get("tags", {})) + ("prediction" in row) + ("score" in row)
        assert held >= sent
