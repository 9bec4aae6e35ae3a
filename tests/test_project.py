"""The files around the code agree with each other and with what they promise."""

import re
import shutil
import subprocess
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from sources import ROOT, tracked

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CLIENT = tomllib.loads((ROOT / "adapters/pyproject.toml").read_text())
LOCK = (ROOT / "requirements.lock").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
HOMES = re.compile(rf"{re.escape(str(ROOT))}\b|/(home|Users)/\w+/|/[r]oot/")
TARGETS = {"setup", "demo", "test", "lint", "serve", "bench", "docs", "up"}
REGISTRIES = re.compile(r"index-url|find-links|https?://[\w.-]*(pypi|pythonhosted|artifactory)")


def normal(name: str) -> str:
    """A distribution's name as registries compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, str]:
    """Name and version of each pinned distribution."""
    pins = re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==([\w.]+)", LOCK, re.MULTILINE)
    return {normal(name): version for name, version in pins}


def wanted() -> set[str]:
    asked = PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]
    return {normal(re.match(r"[\w.-]+", line)[0]) for line in asked} - {"watchkeeper"}


def test_the_lock_pins_everything_that_is_asked_for():
    assert wanted() - locked().keys() == set()


def test_every_pin_carries_a_hash_and_no_address():
    blocks = re.split(r"\n(?=[\w.-]+(?:\[[\w,]+\])?==)", LOCK)

    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in LOCK


def test_an_extra_that_a_pin_asks_for_is_pinned_with_it():
    """Without that, pip takes the newest release for the extra, and refuses it for its hash."""
    asked = set()
    for name in locked():
        try:
            lines = requires(name) or []
        except PackageNotFoundError:  # for another system than this
            continue
        for wish in map(Requirement, lines):
            if wish.extras and (wish.marker is None or wish.marker.evaluate({"extra": ""})):
                asked |= {(normal(wish.name), extra) for extra in wish.extras}
    pinned = re.findall(r"^([\w.-]+)\[([\w,]+)\]==", LOCK, re.MULTILINE)

    assert asked
    assert asked <= {(normal(n), extra) for n, extras in pinned for extra in extras.split(",")}


def test_the_client_depends_on_nothing():
    assert CLIENT["project"]["dependencies"] == []
    assert CLIENT["project"]["name"] == "watchkeeper"


def test_server_and_client_have_the_version_that_the_changelog_opens_with():
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text(), re.M)

    assert PROJECT["project"]["version"] == CLIENT["project"]["version"] == released[0]


def test_the_makefile_has_every_target_and_says_what_it_does():
    described = dict(re.findall(r"^([a-z]+):.*?## (.+)$", MAKEFILE, re.MULTILINE))

    assert described.keys() >= TARGETS
    assert set(re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)[1].split()) >= described.keys()


@pytest.mark.parametrize("target", sorted(TARGETS - {"up"}))
def test_make_knows_how_to_reach_the_target(target):
    plan = make("--dry-run", target)

    assert plan.returncode == 0, plan.stderr


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "path", [path for path in tracked() if path.suffix == ".py"], ids=lambda p: str(p.name)
)
def test_no_file_of_the_repository_names_this_machine(path):
    assert not HOMES.search(path.read_text())


def test_no_file_of_the_repository_names_a_registry():
    texts = {p: p.read_text() for p in tracked() if p.suffix in {".toml", ".lock", ".txt", ".yml"}}
    texts |= {p: p.read_text() for p in (ROOT / "Makefile", ROOT / "Dockerfile", ROOT / ".ci/run")}

    assert [path for path, text in texts.items() if REGISTRIES.search(text)] == []


def test_the_judgement_is_a_sound_script_that_forbids_skips():
    script = ROOT / ".ci/run"
    parsed = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)

    assert parsed.returncode == 0, parsed.stderr
    assert script.stat().st_mode & 0o111
    assert "WATCHKEEPER_NO_SKIPS=1 make test" in script.read_text()


def compose() -> list[str]:
    """The command of the composer that is installed."""
    if shutil.which("docker") and _succeeds(["docker", "compose", "version"]):
        return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    return pytest.skip("neither `docker compose` nor docker-compose is installed")


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def stack(tmp_path_factory) -> dict:
    """What the composer understands of docker-compose.yml, with a key and a password given."""
    environment = tmp_path_factory.mktemp("compose") / "given.env"
    environment.write_text("WATCHKEEPER_API_KEYS=first,second\nGRAFANA_PASSWORD=secret\n")
    done = subprocess.run(
        [*compose(), "--env-file", environment, "config"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)


def test_the_stack_is_understood_and_has_its_four_services(stack):
    assert stack["services"].keys() == {"watchkeeper", "prometheus", "alertmanager", "grafana"}


def test_every_service_is_watched_restarted_and_keeps_its_data_in_a_named_volume(stack):
    for service in stack["services"].values():
        assert service["healthcheck"]["test"]
        assert service["restart"] == "unless-stopped"
        assert any(str(_source(v)) in stack["volumes"] for v in service["volumes"])


def test_every_port_is_open_to_this_machine_only(stack):
    for service in stack["services"].values():
        for port in service["ports"]:
            address = port["host_ip"] if isinstance(port, dict) else port.split(":")[0]
            assert address == "127.0.0.1"


def test_every_file_that_the_stack_mounts_is_there(stack):
    mounted = {_source(v) for s in stack["services"].values() for v in s["volumes"]}

    assert all(Path(source).exists() for source in mounted - stack["volumes"].keys())


def _source(volume: str | dict) -> str:
    return volume["source"] if isinstance(volume, dict) else volume.split(":")[0]


def test_the_image_runs_as_a_plain_user_watches_itself_and_keeps_its_data():
    steps = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    last = steps.split("\nFROM ")[-1]

    assert re.search(r"^USER (?!root|0\b)\S+", last, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*/healthz", last, re.MULTILINE)
    assert re.search(r"^VOLUME /data$", last, re.MULTILINE)


def test_the_image_sheds_every_tool_of_development_that_a_user_would_pay_for():
    steps = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    shed = re.search(r"pip uninstall (.+)", steps)[1]
    built_with = {"editables", "hatchling", "pyyaml", "types-pyyaml"}  # small, or optuna's too

    development = {normal(name) for name in PROJECT["dependency-groups"]["dev"]}
    assert development - built_with <= set(re.findall(r"[\w-]+", shed))


def test_the_image_is_built_from_files_that_are_sent_to_the_builder():
    sent = set(re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.M)

    assert {name for line in copied for name in line.split()} <= sent
    assert all((ROOT / name).exists() for name in sent)
