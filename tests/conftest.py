"""What holds for every test: where it is asked for, a skip is a failure.

A test skips where a program that it drives (promtool, curl) is not installed. That is fair on a
laptop and a hole in a judgement, so `.ci/run` sets WATCHKEEPER_NO_SKIPS=1.
"""

import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read once, when the first library loads

import pytest
from services import running


def _forbidden_skips(config):
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    asked = os.environ.get("WATCHKEEPER_NO_SKIPS") == "1"
    return reporter.stats.get("skipped", []) if asked and reporter else []


def pytest_sessionfinish(session):
    if _forbidden_skips(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    if skips := _forbidden_skips(config):
        terminalreporter.write_line(
            f"WATCHKEEPER_NO_SKIPS: {len(skips)} skipped, and a skip is a failure here", red=True
        )


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A real service for the tests of a file."""
    with running(tmp_path_factory.mktemp("service") / "data") as service:
        yield service


@pytest.fixture
def model(service):
    """A binary model of the test's own."""
    name = f"m{time.time_ns()}"
    service.ask("PUT", f"/v1/models/{name}", json={"task": "binary"})
    return name
