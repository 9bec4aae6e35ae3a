"""A real BentoML service answers over HTTP as before, and each row is logged."""

import contextlib
import os
import signal
import socket
import subprocess
import time

import httpx
import pytest
from adapters.collector import Collector
from adapters.conftest import environment

SERVICE = """
import os

import bentoml
import numpy as np
import pandas as pd
import watchkeeper
from watchkeeper.bentoml import monitored


def logging_as(version):
    return monitored(watchkeeper.Client(os.environ["URL"], "loans", version=version))


@bentoml.service(workers=2)
class Loans:
    @bentoml.api
    @logging_as("frame")
    def frame(self, frame: pd.DataFrame) -> np.ndarray:
        answer = frame["age"].to_numpy() * 2
        frame["age"] = -1
        return answer

    @bentoml.api
    @logging_as("array")
    def array(self, array: np.ndarray) -> np.ndarray:
        return array.sum(axis=1)

    @bentoml.api
    @logging_as("rows")
    async def rows(self, rows: list[dict[str, float]]) -> list[dict[str, float]]:
        return [{"prediction": row["age"] * 2, "score": 0.5, "more": 1} for row in rows]

    @bentoml.api
    @logging_as("row")
    def row(self, age: float, city: str = "here", ctx: bentoml.Context = None) -> dict[str, float]:
        return {"prediction": age * 2, "score": 0.5}

    @bentoml.api(batchable=True, max_latency_ms=10000)
    @logging_as("batch")
    def batch(self, ages: list[float]) -> list[float]:
        return [age * 2 for age in ages]

    @bentoml.api
    @logging_as("unreadable")
    def unreadable(self, array: np.ndarray) -> list[int]:
        return [1, 2, 3]

    @bentoml.api
    @logging_as("broken")
    def broken(self, age: float) -> float:
        raise ValueError("no such model")
"""


@pytest.fixture(scope="module")
def loans(frameworks, tmp_path_factory):
    """Asks the service, ends it, and gives the answers and what was logged, by version."""
    folder = tmp_path_factory.mktemp("bentoml")
    (folder / "service.py").write_text(SERVICE)
    collector = Collector()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = environment(
        URL=collector.url,
        WATCHKEEPER_SPOOL_DIR=str(folder / "spool"),
        BENTOML_HOME=str(folder / "home"),
        BENTOML_DO_NOT_TRACK="True",
    )
    command = [frameworks, "-m", "bentoml", "serve", "service:Loans", "--port", str(port)]
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        command, env=made, cwd=folder, stdout=log, stderr=log, start_new_session=True
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            ready(http, process)
            answers = asked(http)
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)
        log.close()
        collector.close()
    rows = {}
    for row in collector.predictions.values():
        rows.setdefault(row["version"], []).append(row)
    said = (folder / "log").read_text()
    return answers, rows, said


def ready(http, process):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if http.get("/readyz").status_code == 200:
                return
        time.sleep(0.2)
    raise AssertionError("the service did not start")


def asked(http):
    frame = [{"age": 1.0, "income": 3.0}, {"age": 2.0, "income": 4.0}]
    bodies = {
        "frame": {"frame": frame},
        "array": {"array": [[1.0, 2.0], [3.0, 4.0]]},
        "rows": {"rows": frame},
        "row": {"age": 41.0, "city": "there"},
        "batch": {"ages": [1.0, 2.0, 3.0]},
        "unreadable": {"array": [[1.0], [2.0]]},
        "broken": {"age": 1.0},
    }
    return {name: http.post(f"/{name}", json=body) for name, body in bodies.items()}


@pytest.mark.parametrize(
    ("name", "answer", "features", "predictions"),
    [
        (
            "frame",
            [2.0, 4.0],
            [{"age": 1.0, "income": 3.0}, {"age": 2.0, "income": 4.0}],
            [2.0, 4.0],
        ),
        ("array", [3.0, 7.0], [{"x0": 1.0, "x1": 2.0}, {"x0": 3.0, "x1": 4.0}], [3.0, 7.0]),
        (
            "rows",
            [
                {"prediction": 2.0, "score": 0.5, "more": 1},
                {"prediction": 4.0, "score": 0.5, "more": 1},
            ],
            [{"age": 1.0, "income": 3.0}, {"age": 2.0, "income": 4.0}],
            [2.0, 4.0],
        ),
        ("row", {"prediction": 82.0, "score": 0.5}, [{"age": 41.0, "city": "there"}], [82.0]),
        ("batch", [2.0, 4.0, 6.0], [{"x0": 1.0}, {"x0": 2.0}, {"x0": 3.0}], [2.0, 4.0, 6.0]),
    ],
)
def test_rows_of_every_shape_are_answered_as_before_and_logged(
    loans, name, answer, features, predictions
):
    answers, rows, _ = loans

    assert answers[name].json() == answer
    assert [row["features"] for row in rows[name]] == features
    assert [row["prediction"] for row in rows[name]] == predictions


def test_an_answer_with_a_score_is_taken_apart(loans):
    _, rows, _ = loans

    assert [row["score"] for row in rows["rows"] + rows["row"]] == [0.5] * 3


def test_answers_that_do_not_fit_the_rows_are_given_and_said(loans):
    answers, rows, said = loans

    assert answers["unreadable"].json() == [1, 2, 3]
    assert "unreadable" not in rows
    assert "3 answers to 2 rows" in said


def test_an_error_of_the_function_passes_and_is_no_prediction(loans):
    answers, rows, _ = loans

    assert answers["broken"].status_code == 500
    assert "broken" not in rows
