"""What docs/ holds is what the code says now."""

import importlib.util
import json

import pytest
from monitor.service.metrics import METRICS
from sources import ROOT

from monitor.cli import COMMANDS
from monitor.core.errors import WatchkeeperError
from monitor.detectors import DETECTORS

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    return generate.pages()


@pytest.mark.parametrize("name", ["openapi.json", "reference.md"])
def test_a_page_is_up_to_date(pages, name):
    assert (DOCS / name).read_text() == pages[name], "run `make docs` and commit what it writes"


def test_every_detector_metric_and_command_is_documented(pages):
    named = (
        {d.name for d in DETECTORS} | METRICS.keys() | {f"watchkeeper {c.name}" for c in COMMANDS}
    )

    assert {name for name in named if f"`{name}`" not in pages["reference.md"]} == set()


def test_every_error_of_ours_is_documented(pages):
    assert all(
        f"`{kind.title}`" in pages["reference.md"] for kind in WatchkeeperError.__subclasses__()
    )


def test_every_route_of_the_contract_is_in_the_openapi_document(pages):
    paths = json.loads(pages["openapi.json"])["paths"]
    model = "/v1/models/{model}"

    assert paths.keys() >= {
        "/v1/models",
        model,
        *(f"{model}/{name}" for name in ("reference", "predictions", "actuals", "findings")),
        *(f"{model}/{name}" for name in ("check", "performance", "incidents", "profile")),
        *(f"{model}/{name}" for name in ("retrain", "runs", "versions", "rollback", "predict")),
        "/healthz",
        "/readyz",
        "/metrics",
    }


def test_every_operation_has_a_summary_and_says_how_it_fails(pages):
    document = json.loads(pages["openapi.json"])
    operations = [
        (path, operation)
        for path, item in document["paths"].items()
        for verb, operation in item.items()
        if verb in {"get", "put", "post", "delete"}
    ]

    assert [path for path, operation in operations if not operation.get("summary")] == []
    assert [
        path
        for path, operation in operations
        if "{model}" in path and "404" not in operation["responses"]
    ] == []
