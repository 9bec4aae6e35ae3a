"""A real Prometheus and a real Alertmanager beside a service, on free ports of this machine."""

import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml
from services import eventually


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def program(names: Sequence[str], folder: Path, *flags: str) -> Iterator[None]:
    """A program that runs until the end; the test skips where none of these names is installed."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip(f"{names[0]} is not installed")
    with (folder / f"{names[0]}.log").open("wb") as log:
        process = subprocess.Popen([found, *flags], cwd=folder, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def alertmanager(folder: Path, webhook: str) -> Iterator[str]:
    """The address of an Alertmanager that sends everything to a webhook at once."""
    receiver = {"url": webhook, "send_resolved": True}
    settings = {
        "route": {
            "receiver": "watchkeeper",
            "group_by": ["alertname", "model"],
            "group_wait": "0s",
            "group_interval": "1s",
        },
        "receivers": [{"name": "watchkeeper", "webhook_configs": [receiver]}],
    }
    (folder / "alertmanager.yml").write_text(yaml.dump(settings))
    address = f"127.0.0.1:{free_port()}"
    flags = [
        "--config.file=alertmanager.yml",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
        f"--storage.path={folder / 'alerts'}",
    ]
    with program(["alertmanager", "prometheus-alertmanager"], folder, *flags):
        yield address


@contextmanager
def prometheus(
    folder: Path, service: str, alerts: str | None = None, rules: Sequence[Path] = ()
) -> Iterator[httpx.Client]:
    """A Prometheus that scrapes a service each second, to be asked once it has."""
    scraped = {"job_name": "watchkeeper", "static_configs": [{"targets": [service]}]}
    settings = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "scrape_configs": [scraped],
        "rule_files": [str(rule) for rule in rules],
    }
    if alerts is not None:
        settings["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alerts]}]}]}
    (folder / "prometheus.yml").write_text(yaml.dump(settings))
    address = f"127.0.0.1:{free_port()}"
    flags = [
        "--config.file=prometheus.yml",
        f"--web.listen-address={address}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
    ]
    with (
        program(["prometheus"], folder, *flags),
        httpx.Client(base_url=f"http://{address}", timeout=10) as client,
    ):
        eventually(lambda: asked(client, 'up{job="watchkeeper"} == 1'))
        yield client


def asked(client: httpx.Client, query: str) -> list[dict]:
    """The series that a query gives; none while nobody answers."""
    try:
        answer = client.get("/api/v1/query", params={"query": query})
    except httpx.TransportError:
        return []
    assert answer.status_code in {200, 503}, answer.text
    return answer.json()["data"]["result"] if answer.status_code == 200 else []
