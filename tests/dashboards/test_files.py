"""What lies in dashboards/ is what the code makes, and Grafana asks what Prometheus asks."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sources import ROOT

from monitor.cli import run
from monitor.cli.dashboards import dashboards
from monitor.dashboards.files import files
from monitor.dashboards.rules import RULES, runbook
from monitor.dashboards.yaml import dump
from monitor.service.metrics import METRICS

MADE = files()
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]))
leaves = texts | st.integers(-999, 999) | st.booleans()
documents = st.recursive(
    leaves, lambda part: st.lists(part, max_size=3) | st.dictionaries(texts, part, max_size=3)
)


@pytest.mark.parametrize("place", sorted(MADE))
def test_a_file_is_what_the_code_makes(place):
    assert (ROOT / "dashboards" / place).read_text() == MADE[place], (
        "run `watchkeeper dashboards build` and commit what it writes"
    )


def test_the_command_writes_them_where_it_is_told(tmp_path, capsys):
    command = ["build", "--out", str(tmp_path / "new"), "--runbooks", "https://wiki/alerts"]
    assert run(lambda **options: dashboards.main(command, **options)) == 0
    (tmp_path / "file").write_text("")
    taken = ["build", "--out", str(tmp_path / "file" / "new")]
    assert run(lambda **options: dashboards.main(taken, **options)) == 1

    assert capsys.readouterr().err.count("\n") == 1
    assert {str(p.relative_to(tmp_path / "new")) for p in (tmp_path / "new").rglob("*.*")} >= {
        *MADE
    }
    rules = (tmp_path / "new/prometheus/alerts.yml").read_text()
    assert "https://wiki/alerts#watchkeeperdown" in rules


def test_grafana_alerts_on_the_expressions_of_prometheus():
    prometheus = yaml.safe_load(MADE["prometheus/alerts.yml"])
    asked = {
        rule["alert"]: (rule["expr"], rule.get("for", "0s"), rule.get("labels", {}))
        for group in prometheus["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    grafana = yaml.safe_load(MADE["grafana/provisioning/alerting/rules.yml"])
    made = {
        rule["title"]: (rule["data"][0]["model"]["expr"], rule["for"], rule["labels"])
        for group in grafana["groups"]
        for rule in group["rules"]
    }

    assert made == asked
    assert len(made) == len(RULES)
    assert all(len(rule["uid"]) <= 40 for group in grafana["groups"] for rule in group["rules"])


def test_every_alert_has_its_runbook():
    page = runbook()

    for rule in RULES:
        assert f"## {rule.name}\n" in page
        assert len(rule.action) > 40
    assert "{{" not in page


def test_rules_and_boards_use_most_of_what_the_service_tells():
    """A metric that nobody looks at tells nothing."""
    text = "".join(MADE.values())
    shown_elsewhere = {"watchkeeper_rows_duplicate_total", "watchkeeper_halves_alone_total"}

    assert {name for name in METRICS if name not in text} <= shown_elsewhere


@given(documents)
def test_yaml_reads_back_what_was_written(document):
    assert yaml.safe_load(dump({"document": document})) == {"document": document}


def test_yaml_writes_long_texts_as_blocks_and_remarks():
    made = dump({"expr": "a\n  or b"}, "why\n\nnot")

    assert made == "# why\n#\n# not\nexpr: |-\n  a\n    or b\n"
