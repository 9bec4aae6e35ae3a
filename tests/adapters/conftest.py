"""A collector to send to, and clients that are closed afterwards."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import watchkeeper
from adapters.collector import Collector


@pytest.fixture
def collector():
    made = Collector()
    yield made
    made.close()


@pytest.fixture
def connect(collector, tmp_path):
    """Makes clients of the collector with a spool of the test's own and a short linger."""
    clients = []

    def make(**settings):
        limits = {"linger": 0.02, **settings.pop("limits", {})}
        settings = {"url": collector.url, "spool_dir": tmp_path / "spool", **settings}
        url = settings.pop("url")
        settings.setdefault("sigterm", False)
        client = watchkeeper.Client(url, "loans", limits=watchkeeper.Limits(**limits), **settings)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close(timeout=0.1)


@pytest.fixture
def program(collector, tmp_path):
    """Runs a program that logs, in an interpreter of its own; its arguments are url and spool."""

    def run(source, *options, **settings):
        path = Path(watchkeeper.__file__).parent.parent
        command = [sys.executable, *options, "-c", source, collector.url, tmp_path / "spool"]
        environment = os.environ | {"PYTHONPATH": str(path), "PYTHONWARNINGS": "error"}
        return subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return run
