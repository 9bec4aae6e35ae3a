"""kill -9 at any instant: nothing acknowledged is lost, nothing is counted twice."""

import os
import signal
import socket
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from builders import generator, predictions
from crowd import Crowd
from nursery import free_port, nursery
from services import Service, running

pytestmark = pytest.mark.slow

KILLS = 32
DUPLICATES = "watchkeeper_rows_duplicate_total"
SIZES = {"segment_bytes": 20_000, "checkpoint_bytes": 300_000}


@pytest.fixture
def data_dir(tmp_path):
    return tmp_path / "data"


def test_nothing_acknowledged_is_lost_or_doubled_by_kill_9(data_dir):
    rng, port = generator(3), free_port()
    with nursery(**SIZES) as services:
        service = services.start(data_dir, port).ready()
        service.ask("PUT", "/v1/models/m", json={"task": "binary", "window": {"every": "1d"}})
        with Crowd(port) as crowd:
            for kill in range(KILLS):
                if kill % 10 not in {5, 6, 7}:
                    crowd.wait_for(int(rng.integers(1, 40)))
                    time.sleep(float(rng.uniform(0, 0.2)) if kill % 8 else 2)
                else:  # while it opens, and folds what it finds
                    time.sleep(float(rng.uniform(0, 0.8)))
                service.kill()
                service = services.start(data_dir, port)
            service.ready()
            crowd.leave()
        service.ask("POST", "/v1/models/m/check", json={})
        stored = all_rows(service)
        profile = service.ask("GET", "/v1/models/m/profile")
        counted = -service.number(DUPLICATES)
        again = crowd.send_all_again()
        assert service.ask("GET", "/v1/models/m/profile") == profile
        counted += service.number(DUPLICATES)
        assert service.stop() == 0

    assert_all_there_once(stored, crowd)
    assert again == counted == sum(r.size for r in crowd.done if r.kind == "predictions")
    assert profile["rows"] == len(stored)
    cities = Counter(row["features"]["city"] for row in stored)
    assert {c["value"]: c["count"] for c in profile["features"]["city"]["categories"]} == cities
    first = min(int(path.stem) for path in (data_dir / "journal").iterdir())
    assert first > 10 * SIZES["segment_bytes"]  # what was folded is gone
    assert crowd.resent > 50


def assert_all_there_once(stored, crowd):
    """Every acknowledged row with its values and its actual; what was not, at most once."""
    by_id = {row["prediction_id"]: row for row in stored}
    assert len(by_id) == len(stored) > 1000
    acknowledged = {"predictions": 0, "actuals": 0}
    for request in crowd.done:
        for number in request.numbers:
            row = by_id[request.identity(number)]
            acknowledged[request.kind] += 1
            if request.kind == "actuals":
                assert row["actual"] == number % 2
            else:
                sent = request.row(number)
                assert {k: row[k] for k in ("features", "score", "version", "prediction")} == {
                    k: sent[k] for k in ("features", "score", "version", "prediction")
                }
    assert acknowledged["predictions"] <= len(stored)
    assert min(acknowledged.values()) > 1000


def all_rows(service):
    rows, cursor = [], None
    while True:
        query = {"limit": 1000} | ({"cursor": cursor} if cursor else {})
        page = service.ask("GET", "/v1/models/m/predictions", params=query)
        rows += page["items"]
        cursor = page["next"]
        if cursor is None:
            return rows


def test_a_stop_answers_every_request_and_keeps_every_row(tmp_path):
    service = Service(tmp_path / "data")
    service.ask("PUT", "/v1/models/m", json={"task": "binary"})
    answers: list[int] = []

    def send(start):
        rows = predictions(500, start)
        answers.append(service.http.post("/v1/models/m/predictions", json=rows).status_code)

    threads = [threading.Thread(target=send, args=(n * 500,)) for n in range(8)]
    for thread in threads:
        thread.start()
    while not answers:
        time.sleep(0.001)
    service.process.terminate()
    for thread in threads:
        thread.join()
    assert service.stop() == 0

    kept = answers.count(200) * 500
    with running(tmp_path / "data") as again:
        assert len(all_rows(again)) == kept


def test_a_second_ctrl_c_ends_it_too(tmp_path):
    service = Service(tmp_path / "data")
    service.ask("PUT", "/v1/models/m", json={"task": "binary"})
    address = service.url.removeprefix("http://").split(":")
    with socket.create_connection((address[0], int(address[1]))) as half:
        half.sendall(
            b"POST /v1/models/m/predictions HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n["
        )
        time.sleep(0.3)
        for _ in range(2):
            service.process.send_signal(signal.SIGINT)
            time.sleep(0.5)
        assert service.process.wait(20) == 0
    service.stop()


def test_a_run_whose_process_dies_says_so_and_the_next_works(tmp_path):
    with running(tmp_path / "data") as service:
        service.ask(
            "PUT", "/v1/models/m", json={"task": "regression", "retrain": {"budget": "20s"}}
        )
        rng = generator(1)
        x = rng.normal(size=300)
        y = 2 * x + rng.normal(0, 0.7, size=300)  # not so close that x would give it away
        rows = [
            {"features": {"x": float(v)}, "actual": float(w)} for v, w in zip(x, y, strict=True)
        ]
        service.ask("PUT", "/v1/models/m/reference", json=rows)
        run = service.ask("POST", "/v1/models/m/retrain", 202)
        child = wait_for_child(service.process.pid)
        os.kill(child, signal.SIGKILL)
        while (run := service.ask("GET", f"/v1/models/m/runs/{run['id']}"))["status"] in {
            "queued",
            "running",
        }:
            time.sleep(0.1)
        assert run["status"] == "failed"
        assert "SIGKILL" in run["error"]

        service.ask("PUT", "/v1/models/m", json={"task": "regression", "retrain": {"budget": "1s"}})
        run = service.ask("POST", "/v1/models/m/retrain", 202)
        while (run := service.ask("GET", f"/v1/models/m/runs/{run['id']}"))["status"] in {
            "queued",
            "running",
        }:
            time.sleep(0.1)
        assert run["status"] == "succeeded", run
        (item,) = service.ask("POST", "/v1/models/m/predict", json={"features": {"x": 1.0}})[
            "items"
        ]
        assert abs(item["prediction"] - 2) < 0.5


def wait_for_child(parent):
    """The process id of the training process."""
    for _ in range(200):
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
                command = (path.parent / "cmdline").read_bytes()
            except OSError:
                continue
            if int(fields[1]) == parent and b"trainer" in command:
                return int(path.parent.name)
        time.sleep(0.05)
    raise AssertionError("no training process began")
