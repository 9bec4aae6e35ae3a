"""A real service under requests made from its own OpenAPI document, sound ones and broken ones.

Whatever is sent, it answers as documented, and never that it broke. The data are the same in every
run; `WATCHKEEPER_FUZZ=20` makes twenty times as many of them, and others with each
`WATCHKEEPER_FUZZ_SEED`. Nothing is left out: runs are started and events stored.
"""

import gzip
import io
import json
import os
import re

import hypothesis
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
import requests
import schemathesis
import zstandard
from builders import actual, predictions
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
)
from services import running
from sources import ROOT

from monitor.service.problems import MEDIA_TYPE

SCALE = float(os.environ.get("WATCHKEEPER_FUZZ", "1"))
SEED = int(os.environ.get("WATCHKEEPER_FUZZ_SEED", "0"))
MODEL, OTHER = "loans", "others"
SPEC = {"task": "binary", "window": {"every": "1h", "min_rows": 20}}
PATHS = json.loads((ROOT / "docs/openapi.json").read_text())["paths"]
OPERATIONS = [(path, method) for path, methods in PATHS.items() for method in methods]
MODELS = "/v1/models/{model}"
NAME = r"[a-z0-9][a-z0-9_-]{0,62}"
PACKERS = {"gzip": gzip.compress, "zstd": zstandard.compress}
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
CHECKS = [
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    allow_header_conformance,
]
BY_ROW = {
    *(
        (f"{MODELS}/{kind}", "post")
        for kind in ("predictions", "actuals", "predict", "score", "resources")
    ),
    (f"{MODELS}/reference", "put"),
}
"""Where what is broken may be a row, which is told beside the others."""
IN_CONTEXT = {
    *(
        (f"{MODELS}/{name}", "get")
        for name in ("findings", "performance", "predictions", "profile")
    ),
    (f"{MODELS}/check", "post"),
    (f"{MODELS}/backtest", "post"),
    (f"{MODELS}/incidents/{{incident}}/mute", "post"),
    (f"{MODELS}/cloudevents", "post"),
    ("/v1/cloudevents", "post"),
    (f"{MODELS}/reference", "put"),
    (f"{MODELS}/predict", "post"),
    (f"{MODELS}/score", "post"),
    (MODELS, "put"),
}
"""Where one part must fit another (`to` comes after `from`), which no schema says."""
ROUTING = {404, 405}
"""What an address that is no route gets, for which no operation can speak."""


def arrow_of(table):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def parquet_of(table):
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def csv_of(table):
    sink = io.BytesIO()
    pyarrow.csv.write_csv(table, sink)
    return sink.getvalue()


def ndjson_of(table):
    return b"\n".join(json.dumps(row).encode() for row in table.to_pylist())


WRITERS = {
    "application/x-ndjson": ndjson_of,
    "application/vnd.apache.arrow.stream": arrow_of,
    "application/vnd.apache.parquet": parquet_of,
    "text/csv": csv_of,
}
COLUMNS = {
    "prediction_id": st.text(max_size=3) | st.none(),
    "timestamp": st.datetimes() | st.none(),
    "version": st.sampled_from(["1", "2", None]),
    "features.age": st.floats() | st.none(),
    "features.city": st.text(max_size=3) | st.none(),
    "prediction": st.integers(-(2**63), 2**63 - 1) | st.none(),
    "score": st.floats() | st.none(),
    "actual": st.integers(0, 1) | st.none(),
}


@st.composite
def tables(draw):
    """Up to five rows with some of the columns, their times as text."""
    names = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, unique=True))
    size = draw(st.integers(0, 5))
    drawn = {n: draw(st.lists(COLUMNS[n], min_size=size, max_size=size)) for n in names}
    if "timestamp" in drawn:
        drawn["timestamp"] = [None if v is None else v.isoformat() for v in drawn["timestamp"]]
    return pa.table(drawn)


@st.composite
def damaged(draw, whole):
    """A body, as it is or with some bytes changed or cut off."""
    content = bytearray(draw(whole))
    for place in draw(st.lists(st.integers(0, max(0, len(content) - 1)), max_size=3)):
        if content:
            content[place] = draw(st.integers(0, 255))
    return bytes(content[: draw(st.none() | st.integers(0, len(content)))])


@pytest.fixture(scope="module", autouse=True)
def written():
    """The formats that the library cannot write by itself."""
    for media_type, write in WRITERS.items():
        whole = tables().map(write)
        schemathesis.openapi.media_type(media_type, whole | damaged(whole))
        schemathesis.serializer(media_type)(lambda context, value: _bytes(value))


def _bytes(value):
    return value if isinstance(value, bytes) else json.dumps(value).encode()


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A service with a model, a reference, rows, actuals and findings."""
    with running(tmp_path_factory.mktemp("fuzz") / "data") as started:
        started.ask("PUT", f"/v1/models/{MODEL}", json=SPEC)
        started.ask("PUT", f"/v1/models/{MODEL}/reference", json=predictions(200))
        started.ask("POST", f"/v1/models/{MODEL}/predictions", json=predictions(300, 1000))
        broken = predictions(20, 1300, features={"age": "old", "city": "Rome"})
        started.ask("POST", f"/v1/models/{MODEL}/predictions", json=broken)
        rows = [actual(number, number % 2) for number in range(1000, 1300)]
        started.ask("POST", f"/v1/models/{MODEL}/actuals", json=rows)
        started.ask("POST", f"/v1/models/{MODEL}/check", json={})
        yield started
        assert started.process.poll() is None
        assert "Traceback" not in started.log


@pytest.fixture(scope="module")
def session():
    with requests.Session() as kept:
        yield kept


@pytest.fixture(scope="module")
def documented(service):
    return schemathesis.openapi.from_url(f"{service.url}/openapi.json")


@pytest.fixture(scope="module")
def places(service):
    """What addresses may name, by the parameter that names it."""
    run = service.ask("POST", f"/v1/models/{MODEL}/retrain", 202, json={})["id"]
    found = service.ask("GET", f"/v1/models/{MODEL}/incidents")["items"]
    assert found, "ages that are no numbers open an incident"
    return {"model": MODEL, "run": run, "version": "1", "incident": found[0]["id"]}


def packed(request):
    """The request with its body packed as it says; the library sends it as it is."""
    pack = PACKERS.get(request.headers.get("Content-Encoding"))
    if pack and isinstance(request.body, bytes):
        request.body = pack(request.body)
        request.prepare_content_length(request.body)
    return request


def hold(case, session, places):
    """Send a case; its answer is one of those that are documented, as documented."""
    aim(case, places)
    response = case.call(session=session, timeout=300, auth=packed)
    documented = case.operation.definition.raw["responses"]
    routed = case.method.lower() in PATHS[case.path]
    known = {int(status) for status in documented if status.isdecimal()} if routed else ROUTING
    assert response.status_code in known | ROUTING, response.text
    if response.status_code >= 400:
        further = {"error"} if case.path.startswith("/v2") else set()  # as its protocol has it
        assert response.json().keys() == {"type", "title", "status", "detail"} | further
        assert response.headers["content-type"] == [MEDIA_TYPE]
    if response.status_code in {429, 503}:
        assert int(response.headers["retry-after"][0]) > 0
    case.validate_response(response, checks=[*CHECKS, *judged(case)])


def judged(case):
    """Whether sound data must be taken and broken data refused: where the document says it all."""
    key = (case.path, case.method.lower())
    checks = [] if key in BY_ROW else [negative_data_rejection]
    by_column = isinstance(case.body, dict) and "columns" in case.body
    return checks if key in IN_CONTEXT or by_column else [*checks, positive_data_acceptance]


def aim(case, places):
    """Let a sound address name what is there, but for PUT, which would put another spec there."""
    for name, pattern in (("model", NAME), ("run", ".+"), ("incident", ".+")):
        if name in places and re.fullmatch(pattern, str(case.path_parameters.get(name, ""))):
            case.path_parameters[name] = OTHER if case.method == "PUT" else places[name]


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_a_route_answers_as_documented_whatever_is_sent(documented, session, places, path, method):
    operation = documented[path][method]
    sound, broken = (operation.as_strategy(generation_mode=mode) for mode in MODES)
    for case in documented.iter_coverage_cases(
        operation,
        generation_modes=MODES,
        generation_config=documented.config.generation_for(operation=operation),
    ):
        hold(case, session, places)

    @settings(
        max_examples=max(1, round(20 * SCALE)),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.seed(SEED)
    @given(sound | broken)
    def every(case):
        hold(case, session, places)

    every()
