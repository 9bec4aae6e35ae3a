"""The champion by tensors, as clients of the Open Inference Protocol ask."""

import json

import pytest

from monitor.core.ports import Answer
from monitor.service import tensor_schemas as schemas

V2 = "/v2/models/loans"


def tensor(name, data, kind="FP64", **more):
    return {"name": name, "shape": [len(data)], "datatype": kind, "data": data, **more}


def test_named_tensors_are_features_and_the_answers_are_logged(house):
    house.training.champion = "3"
    inputs = [tensor("age", [41, 7]), tensor("gender", ["Female", "Male"], "BYTES")]

    answer = house.post(f"{V2}/infer", json={"id": "a1", "inputs": inputs})

    schemas.InferAnswer.model_validate(answer.json())
    told = answer.json()
    assert (told["id"], told["model_name"], told["model_version"]) == ("a1", "loans", "3")
    prediction, score, ids = told["outputs"]
    assert (prediction["data"], prediction["datatype"]) == (["1", "1"], "BYTES")
    assert (score["data"], score["datatype"], score["shape"]) == ([0.75, 0.75], "FP64", [2])
    assert house.training.seen == [[{"age": 41, "gender": "Female"}, {"age": 7, "gender": "Male"}]]
    logged = json.loads(house.log.bodies[0][2].content)
    assert [row["prediction_id"] for row in logged] == ids["data"]


def test_one_tensor_of_two_axes_holds_a_feature_a_column(house):
    house.training.champion = "3"
    matrix = {"name": "x", "shape": [1, 2], "datatype": "FP64", "data": [[1, 2]]}
    named = matrix | {"parameters": {"feature_names": "age,size"}}
    headers = {"Content-Type": "application/octet-stream"}
    content = json.dumps({"inputs": [named]})
    assert house.post(f"{V2}/infer", content=content, headers=headers).status_code == 200
    assert house.post(f"{V2}/versions/3/infer", json={"inputs": [named]}).status_code == 200
    empty = house.post(f"{V2}/infer", json={"inputs": []}).json()

    assert house.training.seen[:2] == [[{"age": 1, "size": 2}]] * 2
    assert empty["model_version"] == "3"
    assert "id" not in empty


def test_scores_of_several_classes_are_one_tensor_with_their_names(house, monkeypatch):
    house.training.champion = "3"
    given = [Answer("b", {"a": 0.25, "b": 0.75}, "3")]
    monkeypatch.setattr(house.training, "answer", lambda model, rows: given)
    outputs = house.post(f"{V2}/infer", json={"inputs": [tensor("age", [1])]}).json()["outputs"]
    assert outputs[1]["data"] == [0.25, 0.75]
    assert outputs[1]["shape"] == [1, 2]
    assert outputs[1]["parameters"] == {"class_names": "a,b"}

    given[0] = Answer(2.5, None, "3")
    outputs = house.post(f"{V2}/infer", json={"inputs": [tensor("age", [1])]}).json()["outputs"]
    assert [(o["name"], o["datatype"]) for o in outputs] == [
        ("prediction", "FP64"),
        ("prediction_id", "BYTES"),
    ]


def test_metadata_and_readiness(house, problem_of):
    problem_of(house.get(f"{V2}/ready"), 409)
    problem_of(house.get(V2), 409)
    house.training.champion = "3"

    assert house.get(f"{V2}/ready").json() == {"name": "loans", "ready": True}
    assert house.get(f"{V2}/versions/3/ready").status_code == 200
    problem_of(house.get(f"{V2}/versions/4/ready"), 404)
    told = house.get(V2).json()
    schemas.ModelMetadataAnswer.model_validate(told)
    assert told == house.get(f"{V2}/versions/3").json()
    assert told["versions"] == ["3"]
    assert {o["name"] for o in told["outputs"]} >= {"prediction", "prediction_id"}
    assert house.get("/v2/health/live").json() == {"live": True}
    assert house.get("/v2/health/ready").json() == {"ready": True}
    assert house.get("/v2").json()["name"] == "watchkeeper"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ([], "must be"),
        ({"instances": [[1]]}, "inputs"),
        ({"id": 3, "inputs": []}, "id: must be text"),
        ({"inputs": [tensor("a", [1]), tensor("b", [1, 2])]}, "rows"),
        ({"inputs": [tensor("a", [1]) | {"shape": [7]}]}, "do not fill"),
        ({"inputs": "x"}, "must be"),
    ],
)
def test_what_is_no_request_is_refused_with_an_error_that_clients_find(house, sent, said):
    house.training.champion = "3"
    answer = house.post(f"{V2}/infer", json=sent)

    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert answer.json()["error"] == answer.json()["detail"]


def test_other_media_types_and_models_are_refused(house, problem_of):
    house.training.champion = "3"
    problem_of(house.post(f"{V2}/infer", content=b"x", headers={"Content-Type": "text/csv"}), 415)
    packed = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    problem_of(house.post(f"{V2}/infer", content=b"x", headers=packed), 415)
    problem_of(house.post("/v2/models/unheard-of/infer", json={"inputs": []}), 404)
    assert "error" in house.get("/v2/nothing").json()
