"""A collector to send to, and clients that are closed afterwards."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import watchkeeper
from adapters.collector import Collector


def environment(**settings):
    """That of a program which finds the client, and nothing else of ours."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("WATCHKEEPER_")}
    return inherited | {"PYTHONPATH": str(Path(watchkeeper.__file__).parent.parent)} | settings


@pytest.fixture(scope="session")
def frameworks():
    """The interpreter with the frameworks that do not fit in with our own dependencies."""
    found = Path(sys.prefix) / "frameworks" / "bin" / "python"
    if not found.exists():
        pytest.skip("no MLflow and BentoML here: `make frameworks` installs them")
    return found


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
        command = [sys.executable, *options, "-c", source, collector.url, tmp_path / "spool"]
        return subprocess.Popen(
            command,
            env=environment(PYTHONWARNINGS="error"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return run
