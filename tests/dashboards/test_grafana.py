"""The boards fit what is provisioned, and Prometheus understands every question they ask."""

import itertools
import json
import shutil
import subprocess
from collections.abc import Iterator

import pytest
import yaml
from sources import ROOT

FOLDER = ROOT / "dashboards/grafana"
BOARDS = sorted((FOLDER / "boards").glob("*.json"))
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def read(path) -> dict:
    return json.loads(path.read_text())


def expressions(board: dict) -> list[str]:
    """Every PromQL expression of a board, with Grafana's variables filled in."""
    asked = [t["expr"] for panel in board["panels"] for t in panel.get("targets", ())]
    asked += [a["expr"] for a in board["annotations"]["list"] if "expr" in a]
    return [e.replace("$__rate_interval", "5m").replace("$model", ".*") for e in asked]


@pytest.mark.parametrize("path", BOARDS, ids=lambda p: p.name)
def test_a_board_asks_the_source_that_is_provisioned(path):
    source_file = FOLDER / "provisioning/datasources/prometheus.yml"
    provisioned = {
        source["uid"] for source in yaml.safe_load(source_file.read_text())["datasources"]
    }

    assert set(_asked(read(path))) == provisioned


def _asked(value: object) -> Iterator[str]:
    """The uid of every data source named anywhere in a board."""
    if isinstance(value, dict):
        if "datasource" in value:
            yield value["datasource"]["uid"]
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _asked(part)


@pytest.mark.parametrize("path", BOARDS, ids=lambda p: p.name)
def test_prometheus_understands_every_expression(path, tmp_path):
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed")
    asked = expressions(read(path))
    rules = [{"record": f"board:{i}", "expr": e} for i, e in enumerate(asked)]
    (tmp_path / "rules.yml").write_text(yaml.dump({"groups": [{"name": "board", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", tmp_path / "rules.yml"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert f"{len(asked)} rules found" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("path", BOARDS, ids=lambda p: p.name)
def test_panels_have_their_own_number_and_their_own_place(path):
    panels = read(path)["panels"]
    cells = [cell for panel in panels for cell in _cells(**panel["gridPos"])]

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len(set(cells)) == len(cells)
    assert all(0 <= x < 24 for x, _ in cells)


def _cells(x: int, y: int, w: int, h: int) -> list[tuple[int, int]]:
    return list(itertools.product(range(x, x + w), range(y, y + h)))


@pytest.mark.parametrize("path", BOARDS, ids=lambda p: p.name)
def test_a_panel_says_what_it_shows(path):
    panels = [panel for panel in read(path)["panels"] if panel["type"] != "row"]

    assert panels
    assert all(panel["title"] and panel["description"].endswith(".") for panel in panels)


def test_boards_are_mounted_where_the_provisioning_looks_for_them():
    provider = yaml.safe_load((FOLDER / "provisioning/dashboards/watchkeeper.yml").read_text())
    wanted = provider["providers"][0]["options"]["path"]
    mounts = dict(v.split(":")[:2] for v in COMPOSE["services"]["grafana"]["volumes"])

    assert mounts["./dashboards/grafana/boards"] == wanted
