"""The OpenAPI document agrees with the contract: every route, with examples and errors."""

import json

import pytest

from monitor.core.rows import Body, Kind
from monitor.core.spec import ModelSpec, Task
from monitor.service.bodies import READERS, decode
from monitor.service.open_inference import as_rows
from monitor.service.router import create_router
from monitor.service.spec_wire import spec_json

MODEL = "/v1/models/{model}"
V2 = "/v2/models/{model}"
ROUTES = {
    "put": {MODEL, f"{MODEL}/reference"},
    "get": {
        "/v1/models",
        MODEL,
        f"{MODEL}/findings",
        f"{MODEL}/performance",
        f"{MODEL}/budget",
        f"{MODEL}/incidents",
        f"{MODEL}/profile",
        f"{MODEL}/predictions",
        f"{MODEL}/runs",
        f"{MODEL}/runs/{{run}}",
        f"{MODEL}/runs/{{run}}/files",
        f"{MODEL}/runs/{{run}}/files/{{name}}",
        f"{MODEL}/versions",
        f"{MODEL}/decisions",
        "/v2",
        "/v2/health/live",
        "/v2/health/ready",
        V2,
        f"{V2}/ready",
        f"{V2}/versions/{{version}}",
        f"{V2}/versions/{{version}}/ready",
        "/healthz",
        "/readyz",
        "/metrics",
    },
    "post": {
        f"{MODEL}/predictions",
        f"{MODEL}/cloudevents",
        "/v1/cloudevents",
        f"{MODEL}/actuals",
        f"{MODEL}/check",
        f"{MODEL}/incidents/{{incident}}/ack",
        f"{MODEL}/incidents/{{incident}}/resolve",
        f"{MODEL}/incidents/{{incident}}/mute",
        f"{MODEL}/incidents/{{incident}}/feedback",
        f"{MODEL}/retrain",
        f"{MODEL}/versions/{{version}}/promote",
        f"{MODEL}/rollback",
        f"{MODEL}/predict",
        f"{MODEL}/backtest",
        f"{MODEL}/resources",
        "/v1/webhooks/alertmanager",
        "/v1/webhooks/grafana",
        f"{MODEL}/score",
        f"{V2}/infer",
        f"{V2}/versions/{{version}}/infer",
    },
}
OPERATIONS = [(method, path) for method, paths in ROUTES.items() for path in sorted(paths)]


@pytest.fixture(scope="module")
def document(house_with):
    return json.loads(house_with().get("/openapi.json").text)


def test_the_document_holds_the_routes_of_the_contract_and_no_others(document):
    found = {m: {p for p, o in document["paths"].items() if m in o} for m in ROUTES}

    assert found == ROUTES


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_route_is_described_with_an_example_and_its_errors(document, method, path):
    operation = document["paths"][path][method]

    assert operation["summary"]
    assert operation["description"]
    assert "example" in json.dumps(_resolved(operation, document))
    assert "422" not in operation["responses"] or path == MODEL or "requestBody" in operation
    if path.startswith("/v1"):
        assert {"401", "403", "default"} <= operation["responses"].keys()
    if "{model}" in path and (method, path) != ("put", MODEL):
        assert "404" in operation["responses"]
    if "{model}" in path:
        assert "model" in {p["name"] for p in operation["parameters"]}
    for status, response in operation["responses"].items():
        if status[0] in "45":
            assert "application/problem+json" in response["content"]


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("post", f"{MODEL}/predictions", Kind.PREDICTIONS),
        ("post", f"{MODEL}/actuals", Kind.ACTUALS),
        ("put", f"{MODEL}/reference", Kind.REFERENCE),
        ("post", f"{MODEL}/predict", Kind.PREDICTIONS),
    ],
)
def test_the_examples_of_bodies_can_be_read(document, method, path, kind):
    content = document["paths"][path][method]["requestBody"]["content"]

    assert content.keys() == READERS.keys()
    for media_type, described in content.items():
        examples = [e["value"] for e in described.get("examples", {}).values()]
        examples += [described["example"]] if "example" in described else []
        for example in examples:
            text = example if isinstance(example, str) else json.dumps(example)
            body = as_rows(Body(text.encode(), media_type), lambda: ModelSpec(Task.BINARY), 9999)
            rows = decode(body, kind)
            assert rows.size == 1
            assert not rows.rejected


def test_a_spec_in_an_answer_has_the_parts_that_are_documented(document):
    documented = document["components"]["schemas"]["SpecAnswer"]["properties"]

    assert spec_json(ModelSpec(Task.BINARY)).keys() == documented.keys()


def test_operations_have_names_of_their_own(document):
    names = [o["operationId"] for path in document["paths"].values() for o in path.values()]

    assert len(names) == len(set(names))


def _resolved(node, document):
    if isinstance(node, list):
        return [_resolved(part, document) for part in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        return _resolved(document["components"]["schemas"][name], document)
    return {key: _resolved(value, document) for key, value in node.items()}


def test_a_router_may_be_made_twice(house):
    assert create_router(house.rooms) is not create_router(house.rooms)
