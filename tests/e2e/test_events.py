"""Events of a model server through kill -9: two halves acknowledged are one row, once."""

import threading
import time

import httpx
import pytest
from builders import generator
from services import Service, eventually

pytestmark = pytest.mark.slow

SENDERS = 4
KILLS = 6
ROUTE = "/v1/models/m/cloudevents"
PAYLOADS = {"request": {"instances": [{"age": 41}]}, "response": {"predictions": [1]}}


def post(http, url, number, kind):
    headers = {
        "ce-id": f"e{number}",
        "ce-type": f"org.kubeflow.serving.inference.{kind}",
        "ce-specversion": "1.0",
    }
    return http.post(f"{url}{ROUTE}", json=PAYLOADS[kind], headers=headers, timeout=5)


def test_halves_that_were_acknowledged_meet_once_whatever_kill_9_does(tmp_path):
    rng, acknowledged, lock = generator(5), {kind: set() for kind in PAYLOADS}, threading.Lock()
    address, over = {}, threading.Event()

    def deliver(http, number, kind):
        """Send one half until it is acknowledged."""
        while True:
            try:
                answer = post(http, address["url"], number, kind)
            except httpx.HTTPError:
                time.sleep(0.05)
                continue
            if answer.status_code == 200:
                with lock:
                    acknowledged[kind].add(number)
                return
            assert answer.status_code == 503, answer.text

    def send(sender):
        """One half of each event, and the other five events behind it."""
        first, second = PAYLOADS if sender % 2 else reversed(PAYLOADS)
        number, late, http = sender, [], httpx.Client()
        while not over.is_set():
            deliver(http, number, first)
            late.append(number)
            if len(late) > 5:
                deliver(http, late.pop(0), second)
            number += SENDERS
        for event in late:
            deliver(http, event, second)
        http.close()

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

    assert acknowledged["request"] == acknowledged["response"]
    ids = {f"e{number}" for number in acknowledged["request"]}
    assert len(ids) > 100
    eventually(lambda: profile(service)["rows"] >= len(ids), 30)
    assert profile(service)["rows"] == len(ids)
    rows = stored(service, sorted(ids))
    assert {row["prediction_id"] for row in rows} == ids
    assert all((r["features"], r["prediction"]) == ({"age": 41}, 1) for r in rows)
    assert service.stop() == 0


def profile(service):
    return service.ask("GET", "/v1/models/m/profile")


def stored(service, ids):
    rows = []
    for start in range(0, len(ids), 500):
        named = ",".join(ids[start : start + 500])
        rows += service.ask("GET", f"/v1/models/m/predictions?ids={named}")["items"]
    return rows
