"""The budget holds where rows depend on each other, and what has moved is still seen.

A small share of what benchmarks/false_alarms measures.
"""

import importlib.util

import pytest
from sources import ROOT

PATH = ROOT / "benchmarks/false_alarms/budget.py"


@pytest.fixture(scope="module")
def budget():
    spec = importlib.util.spec_from_file_location("budget", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("process", ["iid", "ar1", "weekly"])
def test_a_hundred_quiet_windows_hold_at_most_one_false_alarm(budget, process):
    """With a budget of one a month of 720 windows, two in 100 are a chance of one in a hundred."""
    findings, _ = budget.cell("ours", budget.Process(process, 20), 100, 100 / 720, seed=3)

    assert findings * 100 / 720 <= 1


def test_half_a_deviation_in_three_of_twenty_features_is_seen_in_the_first_window(budget):
    assert budget.power("ours", budget.Process("iid", 20), 1000, 1, 8, seed=4) == 1.0
    assert budget.power("ours", budget.Process("ar1", 20), 1000, 1, 8, seed=4) >= 0.75
