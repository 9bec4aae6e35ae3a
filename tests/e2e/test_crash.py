"""kill -9 at any instant: nothing acknowledged is lost, nothing is counted twice."""

import os
import signal
import socket
import threading
import time
from pathlib import Path

import httpx
import pytest
from builders import generator, predictions
from services import Service, running

pytestmark = pytest.mark.slow

SENDERS = 4
KILLS = 6


def test_nothing_acknowledged_is_lost_or_doubled_by_kill_9(tmp_path):
    rng, acknowledged, lock = generator(3), {}, threading.Lock()
    address = {}
    over = threading.Event()

    def send(sender):
        number = 0
        while not over.is_set():
            rows = predictions(5, sender * 10_000_000 + number)
            for row in rows:
                row["timestamp"] = 1_770_000_000_000 + int(row["prediction_id"][1:]) % 10_000_000
            try:
                answer = httpx.post(
                    f"{address['url']}/v1/models/m/predictions", json=rows, timeout=5
                )
            except httpx.HTTPError:
                time.sleep(0.05)
                continue  # never acknowledged: sent again with the same ids
            if answer.status_code == 200:
                done = answer.json()
                assert done["accepted"] + done["duplicates"] == 5
                with lock:
                    acknowledged.update({row["prediction_id"]: row for row in rows})
                number += 5
            else:
                assert answer.status_code == 503, answer.text

    service = Service(tmp_path / "data")
    address["url"] = service.url
    service.ask("PUT", "/v1/models/m", json={"task": "binary", "window": {"every": "1d"}})
    threads = [threading.Thread(target=send, args=(n,)) for n in range(SENDERS)]
    for thread in threads:
        thread.start()
    for _ in range(KILLS):
        time.sleep(float(rng.uniform(0.1, 0.8)))
        service.kill()
        service = Service(tmp_path / "data")
        address["url"] = service.url
    time.sleep(0.3)
    over.set()
    for thread in threads:
        thread.join()

    service.ask("POST", "/v1/models/m/check", json={})
    stored = all_rows(service)
    assert service.stop() == 0
    ids = [row["prediction_id"] for row in stored]
    assert len(acknowledged) > 100
    assert len(ids) == len(set(ids))
    assert set(acknowledged) <= set(ids)
    for row in stored:
        if (sent := acknowledged.get(row["prediction_id"])) is not None:
            assert row["features"] == sent["features"]
            assert row["score"] == sent["score"]


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
        rows = [{"features": {"x": float(v)}, "actual": float(2 * v)} for v in x]
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
