"""Events of KServe's logger, in each mode, over the routes."""

import gzip
import json
from base64 import b64encode
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.errors import BodyError
from monitor.core.halves import Side
from monitor.core.rows import Body, microseconds
from monitor.core.spec import ModelSpec, Task
from monitor.service.cloudevents import events_of, half_of

ONE, ANY = "/v1/models/loans/cloudevents", "/v1/cloudevents"
REQUEST = "org.kubeflow.serving.inference.request"
RESPONSE = "org.kubeflow.serving.inference.response"
HEADERS = {
    "ce-specversion": "1.0",
    "ce-id": "a%20b",
    "ce-type": REQUEST,
    "ce-source": "http://localhost:9081/",
    "ce-time": "2026-03-01T12:00:00.123456789Z",
    "ce-inferenceservicename": "loans",
    "ce-namespace": "credit",
    "ce-component": "predictor",
    "ce-endpoint": "default",
    "ce-metadata": "{}",
    "content-type": "application/json",
}
EVENT = {k.removeprefix("ce-"): v for k, v in HEADERS.items() if k.startswith("ce-")}
ASKED = {"instances": [{"age": 41}, {"age": 7}]}


def structured(**parts):
    return EVENT | {"data": ASKED} | parts


def post(house, path, document, media_type="application/cloudevents+json"):
    return house.post(path, content=json.dumps(document), headers={"content-type": media_type})


@pytest.mark.parametrize("path", [ONE, ANY])
def test_a_request_in_binary_mode_becomes_a_half(house, path):
    answer = house.post(path, json=ASKED, headers=HEADERS)

    assert answer.json() == {"accepted": 1, "duplicates": 0, "rejected": []}
    (half,) = house.halved.kept
    assert (half.model, half.event, half.component) == ("loans", "a b", "predictor")
    assert half.side is Side.REQUEST
    assert [row["features"] for row in half.rows] == [{"age": 41}, {"age": 7}]
    assert half.timestamp == microseconds(datetime(2026, 3, 1, 12, 0, 0, 123456, UTC))
    assert half.shared["tags"] == {
        "namespace": "credit",
        "endpoint": "default",
        "component": "predictor",
    }


def test_the_same_event_in_every_mode_is_a_duplicate(house):
    packed = gzip.compress(json.dumps(structured(id="a b")).encode())
    data = b64encode(json.dumps(ASKED).encode()).decode()
    headers = {"content-type": "application/cloudevents+json", "content-encoding": "gzip"}

    answers = [
        house.post(ONE, json=ASKED, headers=HEADERS),
        post(house, ANY, structured(id="a b")),
        house.post(ANY, content=packed, headers=headers),
        post(house, ANY, EVENT | {"id": "a b", "data_base64": data}),
    ]

    assert [a.json()["accepted"] for a in answers] == [1, 0, 0, 0]
    assert [a.json()["duplicates"] for a in answers] == [0, 1, 1, 1]


def test_a_response_of_v2_names_its_version(house):
    outputs = [{"name": "predict", "shape": [1], "datatype": "INT64", "data": [1]}]
    payload = {"model_version": "3", "outputs": outputs}

    post(house, ANY, structured(type=RESPONSE, data=payload))

    (half,) = house.halved.kept
    assert half.side is Side.RESPONSE
    assert list(half.rows) == [{"prediction": 1}]
    assert half.shared["version"] == "3"


def test_one_bad_event_of_a_batch_is_rejected_alone(house):
    batch = [structured(), structured(inferenceservicename="gone"), structured(id=7)]

    answer = post(house, ANY, batch, "application/cloudevents-batch+json")

    assert answer.status_code == 200
    assert answer.json()["accepted"] == 1
    assert [(r["index"], r["error"].split(":")[0]) for r in answer.json()["rejected"]] == [
        (1, "model"),
        (2, "id"),
    ]


def test_an_empty_batch_holds_nothing(house):
    answer = post(house, ANY, [], "application/cloudevents-batch+json")

    assert answer.json() == {"accepted": 0, "duplicates": 0, "rejected": []}


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"type": "other"}, 400, "type: 'other' is neither"),
        ({"type": None}, 400, "type: the event lacks it"),
        ({"id": ""}, 400, "id: the event lacks it"),
        ({"id": "x" * 2000}, 400, "id: must be text"),
        ({"time": "soon"}, 400, "time: 'soon'"),
        ({"inferenceservicename": None}, 400, "inferenceservicename: the event lacks it"),
        ({"inferenceservicename": "gone"}, 404, "no model 'gone'"),
        ({"data": None}, 400, "the request must be"),
        ({"data": {"instances": 7}}, 400, "the request must be"),
        ({"data_base64": "?"}, 400, "data_base64: "),
        ({"data_base64": 7}, 400, "data_base64: "),
    ],
)
def test_an_event_that_cannot_be_read_is_a_problem(house, problem_of, change, status, said):
    assert said in problem_of(post(house, ANY, structured(**change)), status)
    assert house.halved.kept == []


def test_a_model_that_is_not_there_is_a_404_before_anything_is_read(house, problem_of):
    problem_of(house.post("/v1/models/gone/cloudevents", content=b"?"), 404)


def test_the_model_of_the_address_holds_whatever_the_event_says(house):
    answer = post(house, ONE, structured(inferenceservicename="gone"))

    assert answer.json()["accepted"] == 1


@pytest.mark.parametrize("content", [b"", b"?", b"\xff", b"[1]", b"7", b'{"data": '])
@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/cloudevents+json", "application/cloudevents-batch+json"],
)
def test_no_body_does_harm(house, kind, content):
    answer = house.post(ANY, content=content, headers=HEADERS | {"content-type": kind})

    assert answer.status_code in {200, 400}
    assert house.halved.kept == []


def test_binary_tensors_are_refused(house, problem_of):
    headers = HEADERS | {"inference-header-content-length": "10"}
    assert "binary tensors" in problem_of(house.post(ONE, content=b"{}..", headers=headers), 415)
    headers = HEADERS | {"content-type": "application/octet-stream"}
    assert "binary tensors" in problem_of(house.post(ONE, content=b"{}..", headers=headers), 415)


_VALUE = st.none() | st.text() | st.integers() | st.lists(st.integers() | st.text(), max_size=3)
_PAYLOAD = st.dictionaries(st.sampled_from(["instances", "predictions", "inputs"]), _VALUE)


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from([*EVENT, "data", "data_base64"]), _VALUE | _PAYLOAD))
def test_whatever_is_sent_is_a_half_or_refused(parts):
    document = structured() | parts
    body = Body(json.dumps(document).encode(), "application/cloudevents+json")
    try:
        (event,) = events_of(body, {}, 1 << 20)
        half_of(event, "loans", lambda _: ModelSpec(Task.BINARY), 1 << 20)
    except BodyError as problem:
        assert problem.status < 500
