"""A request and its response in one JSON are rows; every other body is left as it is."""

import gzip
import json

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.errors import BodyError
from monitor.core.rows import Body, Kind
from monitor.core.spec import FeatureSpec, ModelSpec, Task
from monitor.service.bodies import decode
from monitor.service.open_inference import as_rows

SPEC = ModelSpec(Task.BINARY, {"age": FeatureSpec(), "income": FeatureSpec()})
SENT = {
    "id": "a",
    "model_name": "loans",
    "model_version": "3",
    "inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP64", "data": [1, 2, 3, float("nan")]}],
    "outputs": [{"name": "predict", "shape": [2], "datatype": "INT64", "data": [0, 1]}],
}


def read(body):
    return as_rows(body, lambda: SPEC, 1 << 20)


def sent(document=SENT, pack=bytes, **parts):
    return Body(pack(json.dumps(document).encode()), **parts)


@pytest.mark.parametrize(
    ("pack", "encoding"),
    [(bytes, ""), (gzip.compress, "gzip"), (zstandard.compress, "zstd")],
)
def test_tensors_of_request_and_response_are_rows(pack, encoding):
    rows = decode(read(sent(pack=pack, encoding=encoding)), Kind.PREDICTIONS)

    assert rows.columns["prediction_id"] == ["a-0", "a-1"]
    assert rows.columns["version"] == ["3", "3"]
    assert rows.columns["prediction"] == [0, 1]
    assert rows.features["age"] == [1, 3]
    assert rows.features["income"][0] == 2


def test_one_row_has_the_id_itself_and_a_request_alone_no_prediction():
    one = {"id": "a", "inputs": [{"name": "x", "shape": [1], "datatype": "BYTES", "data": ["é"]}]}
    rows = decode(read(sent(one)), Kind.PREDICTIONS)

    assert rows.columns == {"prediction_id": ["a"]}
    assert rows.features == {"x": ["é"]}


def test_outputs_must_have_as_many_rows_as_inputs():
    outputs = [{"name": "y", "shape": [1], "datatype": "INT64", "data": [0]}]
    with pytest.raises(BodyError, match="2 rows of inputs, 1 rows of outputs"):
        read(sent(SENT | {"outputs": outputs}))


@pytest.mark.parametrize(
    "body",
    [
        Body(b'{"features": {"inputs": []}}'),
        Body(b'{"inputs": [], "features": {"a": 1}}'),
        Body(b'{"inputs": 7}'),
        Body(b'{"id": "a", "inp'),
        Body(b"[]"),
        Body(b""),
        sent(media_type="application/x-ndjson"),
        Body(b"\x1f\x8b damaged", encoding="gzip"),
        sent(encoding="br"),
    ],
)
def test_what_is_no_inference_body_is_left_as_it_is(body):
    assert read(body) is body


@given(
    st.dictionaries(
        st.sampled_from(["id", "inputs", "outputs", "parameters", "model_version"]),
        st.none() | st.text() | st.integers() | st.lists(st.dictionaries(st.text(), st.text())),
        min_size=1,
    )
)
def test_whatever_is_sent_is_rows_or_refused(document):
    try:
        decode(read(sent(document)), Kind.PREDICTIONS)
    except BodyError as problem:
        assert problem.status < 500


def test_the_predictions_route_takes_both_and_logs_rows(house):
    answer = house.post("/v1/models/loans/predictions", content=sent().content)

    assert answer.json() == {"accepted": 2, "duplicates": 0, "rejected": []}
    assert list(house.log.rows) == ["a-0", "a-1"]
    again = house.post("/v1/models/loans/predictions", content=sent().content)
    assert again.json()["duplicates"] == 2


@pytest.mark.parametrize("model", ["loans", "gone"])
def test_tensors_that_are_none_are_a_problem(house, problem_of, model):
    body = b'{"inputs": [{"name": "x", "shape": [2], "datatype": "INT64", "data": [1]}]}'

    detail = problem_of(
        house.post(f"/v1/models/{model}/predictions", content=body),
        400 if model == "loans" else 404,
    )

    assert ("do not fill the shape" in detail) == (model == "loans")
