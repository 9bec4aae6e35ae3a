"""README's commands work, in its order, on a service started as it says."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import pytest
from sources import ROOT

from monitor.cli import COMMANDS
from monitor.settings import Settings

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(sh|python)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
MAKE = [text.strip() for kind, text in BLOCKS if kind == "sh" and text.startswith("make ")]
SERVE = [text for kind, text in BLOCKS if kind == "sh" and "watchkeeper serve" in text]
STEPS = [(kind, text) for kind, text in BLOCKS if text.strip() not in MAKE and text not in SERVE]
STARTS_WITHIN_SECONDS = 60


@dataclass(frozen=True)
class Tour:
    """What became of each block of README."""

    url: str
    done: list[subprocess.CompletedProcess[str]]

    def get(self, path: str) -> dict:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=30) as answer:
            return json.load(answer)


def environment() -> dict[str, str]:
    """This one, without the settings of a service or client that the developer may run."""
    return {k: v for k, v in os.environ.items() if not k.startswith("WATCHKEEPER_")}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def tour(tmp_path_factory) -> Iterator[Tour]:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    place = tmp_path_factory.mktemp("readme")
    (place / ".venv").mkdir()
    (place / ".venv/bin").symlink_to(Path(sys.executable).parent)
    port = str(free_port())
    with (place / "service.log").open("w") as log:
        service = subprocess.Popen(
            shlex.split(SERVE[0].replace("8000", port)),
            cwd=place,
            env=environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_ready(f"http://localhost:{port}", service, place / "service.log")
        done = [play(kind, text.replace("8000", port), place, port) for kind, text in STEPS]
        yield Tour(f"http://localhost:{port}", done)
    finally:
        service.terminate()
        service.wait(30)


def wait_until_ready(url: str, service: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline and service.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/readyz", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the service did not become ready:\n{log.read_text()}")


def play(kind: str, text: str, place: Path, port: str) -> subprocess.CompletedProcess[str]:
    shell = ["bash", "-euo", "pipefail", "-c", text]
    return subprocess.run(
        [sys.executable, "-c", text] if kind == "python" else shell,
        cwd=place,
        env=environment() | {"WATCHKEEPER_URL": f"http://localhost:{port}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_every_block_that_make_runs_names_a_target_of_the_makefile():
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert {"make demo", "make test"} <= set(MAKE)
    assert {line.split()[1] for line in MAKE} <= set(targets)


@pytest.mark.parametrize("number", range(len(STEPS)))
def test_a_block_runs_as_it_stands(tour, number):
    done = tour.done[number]

    assert done.returncode == 0, f"{STEPS[number][1]}\n{done.stdout}\n{done.stderr}"


def test_the_shift_and_the_misspelling_of_the_example_are_found(tour):
    found = tour.get("/v1/models/loans/findings?alert=true&limit=200")["items"]
    values = [v for f in found for v in (f["evidence"] or {}).get("values", ())]

    assert any(f["detector"] == "drift.univariate" and f["feature"] == "age" for f in found)
    assert any(f["detector"] == "performance.realized" for f in found)
    assert ("Mail", "Male") in {(v["value"], v["suggestion"]) for v in values}


def test_the_example_says_that_something_is_wrong(tour):
    assert "something is wrong" in next(d for d in tour.done if "alerts in" in d.stdout).stdout


def test_the_model_of_the_example_answers(tour):
    (item,) = json.loads(tour.done[-1].stdout.splitlines()[-1])["items"]

    assert item["prediction"] in {0, 1}
    assert 0 <= item["score"] <= 1
    assert item["version"] in {v["version"] for v in tour.get("/v1/models/loans/versions")["items"]}


def test_every_setting_is_in_the_table_with_its_variable():
    rows = dict(re.findall(r"^\| `(\w+)` \| `(WATCHKEEPER_\w+)` \|", README, re.MULTILINE))

    assert rows == {f.name: f"WATCHKEEPER_{f.name.upper()}" for f in fields(Settings)}


def test_every_command_is_in_the_table_and_no_other():
    rows = set(re.findall(r"^\| `watchkeeper ([a-z-]+)` \|", README, re.MULTILINE))

    assert rows == {command.name for command in COMMANDS}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_a_link_to_a_file_leads_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", (ROOT / page).read_text())

    assert [link for link in links if not (ROOT / link).exists()] == []
