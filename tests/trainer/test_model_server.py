"""A champion in a process of its own: it answers, follows the registry, and logs to a service."""

import asyncio
import shutil
import signal
import subprocess
import sys
from dataclasses import replace

import httpx
import pytest
from click.testing import CliRunner

from monitor.cli import watchkeeper
from monitor.cli.model_server import ModelServer, create_app
from monitor.core.decisions import RetrainRequest
from monitor.core.errors import DataDirectoryError
from trainer.development import package
from trainer.production.registry import Version
from trainer.records import Run, Status

ROWS = [{"features": {"size": 3.0, "colour": "red"}}, {"features": {"size": -3.0}}]


class Told:
    """A client that remembers."""

    def __init__(self):
        self.rows, self.closed = [], False

    def log(self, features, prediction, **more):
        self.rows.append((features, prediction, more))

    def close(self):
        self.closed = True


@pytest.fixture
def served(house, first):
    """A data directory with two versions of one model, none the champion, and the registry."""
    shutil.copytree(first[0].path, house.data_dir / "runs" / "r")
    digest = package.digest(house.data_dir / "runs" / "r" / "artefact")
    request = RetrainRequest("m", "because", house.clock())
    house.registry.open_run(Run("r", request, Status.SUCCEEDED))
    version = Version("m", "", "r", "runs/r/artefact", digest, house.clock())
    house.registry.add_version(version)
    house.registry.add_version(version)
    return house


class Asked:
    """An application that is called in this process."""

    def __init__(self, app):
        self.app = app

    def ask(self, method, path, **options):
        async def call():
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path, **options)

        return asyncio.run(call())

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, **options):
        return self.ask("POST", path, **options)


def promote(house, name):
    house.registry.promote("m", name, house.registry.generation("m"), house.clock())


def test_it_follows_the_champion_and_logs_its_answers(served):
    client = Told()
    server = ModelServer("m", client)
    server.follow(served.data_dir)
    http = Asked(create_app(server, 1 << 20))
    assert http.get("/readyz").status_code == 503
    assert http.post("/v1/models/m/predict", json=ROWS).status_code == 503

    promote(served, "1")
    server.look()
    items = http.post("/v1/models/m/predict", json=ROWS).json()["items"]
    assert [i["prediction"] for i in items] == [1, 0]
    assert {i["version"] for i in items} == {"1"}
    assert [(r[1], r[2]["version"]) for r in client.rows] == [(1, "1"), (0, "1")]
    assert client.rows[0][2]["prediction_id"] == items[0]["prediction_id"]

    promote(served, "2")
    server.look()
    tensors = {"inputs": [{"name": "size", "shape": [1], "datatype": "FP64", "data": [3.0]}]}
    told = http.post("/v2/models/m/infer", json=tensors).json()
    assert told["model_version"] == "2"
    assert {i["name"] for i in http.get("/v2/models/m").json()["inputs"]} >= {"size", "colour"}
    assert http.get("/readyz").status_code == 200
    assert http.post("/v1/models/other/predict", json=ROWS).status_code == 404
    assert "watchkeeper_prediction_latency_seconds_count" in http.get("/metrics").text
    server.close()
    assert client.closed


def test_a_champion_that_does_not_load_leaves_the_last_good_one(served, caplog):
    server = ModelServer("m")
    promote(served, "1")
    server.follow(served.data_dir)
    bad = served.registry.version("m", "2")
    served.registry.add_version(replace(bad, hash="0" * 64))
    promote(served, "3")
    server.look()
    server.look()

    assert server.answer("m", [{"size": 3.0}])[0].version == "1"
    assert caplog.text.count("version 3 does not load") == 1
    server.close()


def test_an_artefact_is_served_without_a_data_directory(first, tmp_path):
    server = ModelServer("m")
    server.hold(first[0].path / "artefact", "7")
    assert server.answer("m", [{"size": 3.0}])[0].version == "7"
    with pytest.raises(DataDirectoryError, match="no artefact that loads"):
        server.hold(tmp_path)
    with pytest.raises(DataDirectoryError, match="no registry"):
        server.follow(tmp_path)
    server.close()


def test_wrong_usage_is_refused(tmp_path):
    for wrong in ([], ["--data-dir", str(tmp_path), "--artefact", str(tmp_path)]):
        assert CliRunner().invoke(watchkeeper, ["serve-model", "m", *wrong]).exit_code == 2
    wrong = ["serve-model", "NOT A NAME", "--artefact", str(tmp_path), "--log-to", "http://x"]
    assert CliRunner().invoke(watchkeeper, [*wrong, "--port", "0"]).exit_code == 2


def test_the_command_serves_until_it_is_told_to_stop(served):
    promote(served, "1")
    command = [sys.executable, "-m", "monitor.cli", "serve-model", "m", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--data-dir", str(served.data_dir)], stdout=subprocess.PIPE, text=True
    )
    line = process.stdout.readline()
    url = line[line.index("http://") :].strip()
    answer = httpx.post(f"{url}/v1/models/m/predict", json=ROWS[0], timeout=30)
    process.send_signal(signal.SIGTERM)

    assert answer.json()["items"][0]["prediction"] == 1
    assert process.wait(30) == 0
    process.stdout.close()
