"""A disk that fills up under a service: it refuses, goes on answering, and comes back by itself."""

import json
import os
import resource
import subprocess
import threading
import time
from contextlib import suppress

import httpx
import pytest
from builders import generator, predictions
from nursery import free_port, nursery
from services import eventually

pytestmark = pytest.mark.slow

SIZES = {"segment_bytes": 60_000, "checkpoint_bytes": 500_000}
DISK_BYTES = 12 << 20
BLOCK = 4096


class Disk:
    """A small file system of its own, and the ballast that fills it."""

    def __init__(self, directory):
        self.directory = directory
        self._ballast = directory / "ballast"

    def fill(self, leave=0):
        """Take all room but so many bytes."""
        with self._ballast.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(BLOCK))
        os.truncate(self._ballast, max(0, self._ballast.stat().st_size - leave))

    def free(self):
        """Give all of it back."""
        self._ballast.unlink()


class Limit:
    """Where no file system may be mounted: files that cannot grow, in what the nursery started."""

    def __init__(self, directory, services):
        self.directory = directory
        self._services = services

    def fill(self, leave=0):
        """Let no file grow past so many bytes: enough for a log, too few for a segment."""
        self._allow(max(4 * BLOCK, min(leave, 8 * BLOCK)))

    def free(self):
        """Let them grow."""
        self._allow(resource.RLIM_INFINITY)

    def _allow(self, size):
        for pid in self._services.pids:
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@pytest.fixture
def services():
    with nursery(**SIZES) as opened:
        yield opened


@pytest.fixture
def disk(tmp_path, services):
    directory = tmp_path / "disk"
    directory.mkdir()
    if mounted(directory):
        yield Disk(directory)
        subprocess.run(["umount", "-l", str(directory)], check=True)
    else:
        yield Limit(directory, services)


def mounted(directory):
    """Whether there is a small file system there now; who is not root may not make one."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", str(directory)]
    try:
        return subprocess.run(mount, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def started(services, disk):
    log = disk.directory.with_suffix(".log")
    return services.start(disk.directory / "data", free_port(), log=log)


def opened(services, disk):
    service = started(services, disk).ready()
    service.ask("PUT", "/v1/models/m", json={"task": "binary", "window": {"every": "1d"}})
    return service


def batched(rows, size):
    return [rows[i : i + size] for i in range(0, len(rows), size)]


class Sender:
    """Sends rows one body after the other and keeps account of what became of them."""

    def __init__(self, service, size=50):
        self._service = service
        self._size = size
        self.taken: dict[str, dict] = {}
        self.refused: dict[str, dict] = {}
        self.number = 0

    def send(self, rows=None):
        """Send some rows; the status."""
        if rows is None:
            rows = predictions(self._size, self.number)
            self.number += self._size
        url = f"{self._service.url}/v1/models/m/predictions"
        answer = httpx.post(url, content=json.dumps(rows), headers=JSON, timeout=60)
        by_id = {row["prediction_id"]: row for row in rows}
        if answer.status_code == 200:
            done = answer.json()
            assert done["accepted"] + done["duplicates"] == len(rows)
            self.taken |= by_id
            for each in by_id:
                self.refused.pop(each, None)
        else:
            assert_refused(answer)
            self.refused |= by_id
        return answer.status_code

    def send_refused_again(self):
        """What was not taken, until it is."""
        for rows in batched(list(self.refused.values()), 500):
            eventually(lambda rows=rows: self.send(rows) == 200, 30)


JSON = {"Content-Type": "application/json"}


def post_halves(url, count):
    """Send that many requests whose responses are still to come."""
    events = [
        {
            "id": f"e{number}",
            "type": "org.kubeflow.serving.inference.request",
            "source": "here",
            "specversion": "1.0",
            "data": {"instances": [{"age": number}]},
        }
        for number in range(count)
    ]
    headers = {"Content-Type": "application/cloudevents-batch+json"}
    return httpx.post(f"{url}/cloudevents", content=json.dumps(events), headers=headers, timeout=60)


def assert_refused(answer):
    """A refusal that says that and when to try again."""
    assert answer.status_code == 503, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["status"] == 503


def assert_all_there_once(service, sender):
    """What was acknowledged is there with its values, and nothing else, and each once."""
    eventually(lambda: checked(service), 60)
    found, cursor = {}, None
    while True:
        query = {"limit": 1000} | ({"cursor": cursor} if cursor else {})
        page = service.ask("GET", "/v1/models/m/predictions", params=query)
        for row in page["items"]:
            assert row["prediction_id"] not in found
            found[row["prediction_id"]] = row
        cursor = page["next"]
        if cursor is None:
            break
    assert found.keys() == sender.taken.keys()
    for name, row in found.items():
        assert row["features"] == sender.taken[name]["features"]
        assert row["score"] == sender.taken[name]["score"]
    assert service.ask("GET", "/v1/models/m/profile")["rows"] == len(found)


def checked(service):
    """Whether all that was acknowledged can be read; while the disk is full it cannot be."""
    answer = httpx.post(f"{service.url}/v1/models/m/check", json={}, timeout=60)
    if answer.status_code != 200:
        assert_refused(answer)
    return answer.status_code == 200


def assert_reads_go_on(service):
    for path in ("/healthz", "/readyz", "/metrics", "/v1/models", "/v1/models/m/findings"):
        assert httpx.get(service.url + path, timeout=60).status_code == 200, path
    answer = httpx.get(f"{service.url}/v1/models/m/predictions?ids=p0,p1", timeout=60)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["items"]) == 2


def test_a_full_disk_refuses_rows_and_takes_them_when_there_is_room_again(services, disk):
    service = opened(services, disk)
    sender = Sender(service)
    for _ in range(20):
        assert sender.send() == 200
    eventually(lambda: checked(service), 30)

    for leave in (0, 8 * BLOCK, 40 * BLOCK):  # into the journal, its next segment, the log
        disk.fill(leave)
        statuses = [sender.send() for _ in range(60)]
        assert statuses[-1] == 503
        assert_reads_go_on(service)
        disk.free()
        assert sender.send() == 200
        sender.send_refused_again()
    assert_all_there_once(service, sender)
    assert service.stop() == 0

    again = started(services, disk).ready()
    assert_all_there_once(again, sender)
    assert again.stop() == 0
    assert "Traceback" not in again.log.read_text()


def test_a_checkpoint_that_finds_no_room_is_survived_without_a_restart(services, disk):
    service = opened(services, disk)
    sender = Sender(service, 400)
    log = service.log

    disk.fill(3 << 19)
    for _ in range(60):
        sender.send()
        if "was opened anew" in log.read_text():
            break
        time.sleep(0.2)
    assert "was opened anew" in log.read_text()
    assert_reads_go_on(service)
    disk.free()
    sender.send_refused_again()
    assert_all_there_once(service, sender)
    assert service.stop() == 0
    again = started(services, disk).ready()
    assert_all_there_once(again, sender)
    assert again.stop() == 0


def test_what_else_is_written_while_the_disk_is_full_is_refused_too(services, disk):
    service = opened(services, disk)
    sender = Sender(service)
    sender.send()
    eventually(lambda: checked(service), 30)

    disk.fill()
    for number in range(40):  # the first may fit into the last block that the log has already
        spec = {"task": "binary"}
        put = httpx.put(f"{service.url}/v1/models/other{number}", json=spec, timeout=60)
        if put.status_code != 200:
            break
    assert_refused(put)
    names = {item["model"] for item in service.ask("GET", "/v1/models")["items"]}
    assert names == {"m", *(f"other{n}" for n in range(number))}
    other = f"{service.url}/v1/models/other{number}"
    unknown = httpx.post(f"{other}/predictions", json=predictions(1))
    assert unknown.status_code == 404
    url, rows = f"{service.url}/v1/models/m", predictions(3000)
    assert_refused(httpx.put(f"{url}/reference", json=rows, timeout=60))
    assert_refused(post_halves(url, 300))
    disk.free()

    service.ask("PUT", "/v1/models/other", json={"task": "binary"})
    service.ask("POST", "/v1/models/other/predictions", json=predictions(1))
    assert service.ask("PUT", "/v1/models/m/reference", json=rows)["accepted"] == 3000
    assert post_halves(url, 300).json()["accepted"] == 300
    assert_all_there_once(service, sender)
    assert service.stop() == 0


def test_a_first_start_on_a_full_disk_waits_for_room(services, disk):
    disk.fill()
    service = started(services, disk)
    eventually(lambda: service.log.exists() and "cannot start yet" in service.log.read_text(), 60)
    assert_refused(httpx.get(f"{service.url}/readyz"))
    disk.free()

    service.ready()
    service.ask("PUT", "/v1/models/m", json={"task": "binary", "window": {"every": "1d"}})
    sender = Sender(service)
    assert sender.send() == 200
    assert_all_there_once(service, sender)
    assert service.stop() == 0
    assert "Traceback" not in service.log.read_text()


def test_a_start_on_a_full_disk_waits_for_room(services, disk):
    service = opened(services, disk)
    sender = Sender(service, 300)
    for _ in range(10):
        assert sender.send() == 200
    service.kill()
    disk.fill()

    service = started(services, disk)
    eventually(lambda: "cannot start yet" in service.log.read_text(), 60)
    assert httpx.get(f"{service.url}/healthz").status_code == 200
    assert_refused(httpx.get(f"{service.url}/readyz"))
    assert_refused(httpx.post(f"{service.url}/v1/models/m/predictions", json=predictions(1)))
    disk.free()

    service.ready()
    assert_all_there_once(service, sender)
    assert service.stop() == 0


def test_a_start_that_waits_for_room_can_be_stopped(services, disk):
    service = opened(services, disk)
    assert Sender(service, 300).send() == 200
    service.kill()
    disk.fill()

    service = started(services, disk)
    eventually(lambda: "cannot start yet" in service.log.read_text(), 60)

    assert service.stop() == 0


def test_a_disk_that_fills_and_empties_at_any_time_loses_and_doubles_nothing(services, disk):
    service = opened(services, disk)
    rng, over = generator(5), threading.Event()
    sender = Sender(service, 40)
    sender.send()

    def come_and_go():
        while not over.is_set():
            disk.fill(int(rng.integers(0, 600)) * 1024)
            over.wait(float(rng.uniform(0.1, 1.5)))
            disk.free()
            over.wait(float(rng.uniform(0.05, 0.5)))

    thread = threading.Thread(target=come_and_go)
    thread.start()
    end = time.monotonic() + 15
    while time.monotonic() < end:
        sender.send()
        if sender.refused:
            sender.send(list(sender.refused.values())[:40])
        time.sleep(0.01)
    over.set()
    thread.join()
    sender.send_refused_again()
    assert_all_there_once(service, sender)
    assert service.stop() == 0
