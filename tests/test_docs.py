"""What docs/ holds is what the code says now."""

import importlib.util
import json

import pytest
from sources import ROOT

from monitor.cli import COMMANDS
from monitor.core import errors
from monitor.detectors import DETECTORS
from monitor.service.metrics import METRICS

DOCS = ROOT / "docs"
TABLES = "reference.md"


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    return generate.pages()


@pytest.mark.parametrize("name", ["openapi.json", "reference.md", "runbooks.md"])
def test_a_page_is_up_to_date(pages, name):
    assert (DOCS / name).read_text() == pages[name], "run `make docs` and commit what it writes"


def test_every_detector_metric_and_command_is_documented(pages):
    named = (
        {d.name for d in DETECTORS} | METRICS.keys() | {f"watchkeeper {c.name}" for c in COMMANDS}
    )

    assert {name for name in named if f"`{name}`" not in pages[TABLES]} == set()


def test_every_error_of_the_tree_is_documented(pages):
    root = errors.WatchkeeperError
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, root)]

    assert len(kinds) > 10
    assert {k.title for k in kinds if f"| `{k.title}` | {k.status} |" not in pages[TABLES]} == set()


def test_every_route_of_the_contract_is_in_the_openapi_document(pages):
    paths = json.loads(pages["openapi.json"])["paths"]
    model = "/v1/models/{model}"

    assert paths.keys() >= {
        "/v1/models",
        model,
        *(f"{model}/{name}" for name in ("reference", "predictions", "actuals", "findings")),
        *(f"{model}/{name}" for name in ("check", "performance", "incidents", "profile")),
        *(
            f"{model}/{name}"
            for name in ("retrain", "runs", "versions", "rollback", "predict", "score")
        ),
        "/healthz",
        "/readyz",
        "/metrics",
    }


def test_every_operation_has_a_summary_and_says_how_it_fails(pages):
    document = json.loads(pages["openapi.json"])
    operations = {
        (verb, path): operation
        for path, item in document["paths"].items()
        for verb, operation in item.items()
        if verb in {"get", "put", "post", "delete"}
    }
    creates = {("put", "/v1/models/{model}")}  # the one that no model need be there for
    of_a_model = {place for place in operations if "{model}" in place[1]} - creates

    assert [place for place, o in operations.items() if not o.get("summary")] == []
    assert [p for p in sorted(of_a_model) if "404" not in operations[p]["responses"]] == []
