"""Payloads of v1 and v2 give the rows that the server saw."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.errors import BodyError, BodyTooLargeError
from monitor.core.spec import FeatureSpec, ModelSpec, Task
from monitor.service.inference import answered_rows, asked_rows, read_payload, version_of

SPEC = ModelSpec(Task.BINARY, {"age": FeatureSpec(), "income": FeatureSpec()})
LIMIT = 1 << 20


def features(payload, spec=SPEC):
    return [row["features"] for row in asked_rows(payload, spec, LIMIT)]


def test_instances_have_names_or_those_of_the_spec_in_order():
    assert features({"instances": [{"x": 1}, [41, 2300.0], [1, 2, 3], 7]}) == [
        {"x": 1},
        {"age": 41, "income": 2300.0},
        {"f0": 1, "f1": 2, "f2": 3},
        {"f0": 7},
    ]


@pytest.mark.parametrize(
    ("inputs", "rows"),
    [
        ([("x", [2, 2], [1, 2, 3, 4], {})], [{"age": 1, "income": 2}, {"age": 3, "income": 4}]),
        ([("x", [1, 3], [1, 2, 3], {})], [{"f0": 1, "f1": 2, "f2": 3}]),
        ([("x", [1, 2], [1, 2], {"names": ["a", "b"]})], [{"a": 1, "b": 2}]),
        ([("x", [2], [1, 2], {})], [{"x": 1}, {"x": 2}]),
        ([("x", [2, 1], [1, 2], {})], [{"x": 1}, {"x": 2}]),
        ([("x", [1, 2, 2], [1, 2, 3, 4], {})], [{"x": [1, 2, 3, 4]}]),
        ([("x", [1], [1], {}), ("e", [1, 2], [5, 6], {})], [{"x": 1, "e": [5, 6]}]),
    ],
)
def test_tensors_are_features_and_a_single_table_is_one_a_column(inputs, rows):
    sent = [
        {"name": n, "shape": s, "datatype": "FP64", "data": d, "parameters": p}
        for n, s, d, p in inputs
    ]

    assert features({"inputs": sent}) == rows


def test_names_may_stand_in_the_parameters_of_the_request():
    sent = {"name": "x", "shape": [1, 2], "datatype": "FP64", "data": [1, 2]}

    assert features({"inputs": [sent], "parameters": {"columns": ["a", "b"]}}) == [{"a": 1, "b": 2}]


@pytest.mark.parametrize("names", [["a"], ["a", "a"]])
def test_names_that_do_not_fit_are_refused(names):
    sent = {"name": "x", "shape": [1, 2], "data": [1, 2], "parameters": {"names": names}}
    with pytest.raises(BodyError):
        features({"inputs": [sent]})


def test_predictions_may_be_objects_and_lists_of_one():
    sent = {"predictions": [{"label": "no", "probability": 0.2}, [1], None]}

    assert answered_rows(sent, SPEC, LIMIT) == [
        {"prediction": "no", "score": 0.2},
        {"prediction": 1},
        {},
    ]


def test_a_long_name_that_stands_in_every_row_is_too_large():
    tensor = {"name": "x" * 10_000, "shape": [1000], "datatype": "INT64", "data": [0] * 1000}
    with pytest.raises(BodyTooLargeError):
        asked_rows({"inputs": [tensor]}, SPEC, LIMIT)
    with pytest.raises(BodyTooLargeError):
        answered_rows({"outputs": [tensor]}, SPEC, LIMIT)
    with pytest.raises(BodyTooLargeError):
        asked_rows({"instances": [0] * 10_000}, SPEC, LIMIT)


@pytest.mark.parametrize("payload", [None, [], {}, {"instances": 7}, {"inputs": {}}, "x"])
def test_what_is_no_payload_is_refused(payload):
    with pytest.raises(BodyError, match="the request must be"):
        asked_rows(payload, SPEC, LIMIT)
    with pytest.raises(BodyError, match="the response must be"):
        answered_rows(payload, SPEC, LIMIT)


@given(st.binary(max_size=40))
def test_bytes_are_json_or_refused(content):
    try:
        read_payload(content)
    except BodyError as problem:
        assert str(problem)


def test_a_payload_is_bounded_in_depth():
    with pytest.raises(BodyError, match="nested"):
        read_payload(b"[" * 64 + b"]" * 64)


def test_the_version_is_text_that_the_response_names():
    assert version_of({"model_version": "3"}) == "3"
    assert version_of({"model_version": 3}) is None
    assert version_of([]) is None
