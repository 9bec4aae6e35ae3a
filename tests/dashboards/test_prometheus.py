"""Prometheus and Alertmanager take our files, and the rules alert when they should."""

import shutil
import subprocess

import pytest
import yaml
from sources import ROOT

FOLDER = ROOT / "dashboards/prometheus"
RULES = yaml.safe_load((FOLDER / "alerts.yml").read_text())
TESTS = yaml.safe_load((FOLDER / "alerts.test.yml").read_text())


def run(program: str, *arguments: str) -> str:
    """What the program prints; the test skips where the program is not installed."""
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    done = subprocess.run(
        [program, *arguments], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def alerts() -> dict[str, dict]:
    rules = [rule for group in RULES["groups"] for rule in group["rules"]]
    return {rule["alert"]: rule for rule in rules if "alert" in rule}


def test_prometheus_takes_its_configuration():
    assert "is valid" in run("promtool", "check", "config", "prometheus.yml")


def test_prometheus_takes_the_rules():
    count = sum(len(group["rules"]) for group in RULES["groups"])

    assert f"{count} rules found" in run("promtool", "check", "rules", "alerts.yml")


def test_the_rules_alert_when_they_should_and_only_then():
    assert "SUCCESS" in run("promtool", "test", "rules", "alerts.test.yml")


def test_alertmanager_takes_its_configuration():
    assert "SUCCESS" in run("amtool", "check-config", "alertmanager.yml")


@pytest.mark.parametrize("alert", sorted(alerts()))
def test_an_alert_is_tested_both_to_fire_and_to_keep_silent(alert):
    asked = [t for case in TESTS["tests"] for t in case["alert_rule_test"]]
    about = [bool(t.get("exp_alerts")) for t in asked if t["alertname"] == alert]

    assert {True, False} == set(about)


@pytest.mark.parametrize("alert", sorted(alerts()))
def test_an_alert_has_a_severity_and_says_what_to_do(alert):
    rule = alerts()[alert]

    assert "severity" in rule.get("labels", {}) or "severity" in rule["expr"]
    assert rule["annotations"].keys() >= {"summary", "description", "runbook_url"}


def test_the_scrape_key_that_is_committed_is_empty():
    assert (FOLDER / "scrape.key").read_text() == ""
