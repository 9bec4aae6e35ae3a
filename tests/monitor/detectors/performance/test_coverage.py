"""Whether as many actuals are in as should be by now."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor.core.arrivals import Delays, LabelCount
from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Window
from monitor.detectors.performance.coverage import LabelCoverage
from monitor.engine.thresholds import ARRIVAL_SHARE, Place, judge, level

SPEC = ModelSpec(Task.BINARY)
START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = 86_400.0


def known(rng, mean=DAY, count=3_000):
    """Exponential delays as seen at a moment: predictions are up to ten days old."""
    ages, delays = rng.uniform(0, 10 * DAY, count), rng.exponential(mean, count)
    came = delays <= ages
    return Delays(delays[came], ages[~came])


def window(labelled, rows=200, age=DAY):
    span = Window.holding(START, timedelta(hours=1))
    return LabelCount(span, "1", rows, labelled, np.array([age]), np.array([float(rows)]))


def measured(delays, *windows):
    return [m for _, m in LabelCoverage().measure(SPEC, delays, windows)]


def test_what_is_due_follows_the_age():
    rng = np.random.default_rng(1)
    young, old = measured(known(rng), window(80, age=DAY / 2), window(190, age=5 * DAY))

    assert young.expected == pytest.approx(1 - np.exp(-0.5), abs=0.03)
    assert old.expected == pytest.approx(1 - np.exp(-5), abs=0.03)
    assert (young.value, old.value) == (0.4, 0.95)
    assert young.evidence["due"]["low"] < young.expected < young.evidence["due"]["high"]


def alerts(stopped, seeds=60):
    """How many windows of two days ago alert, a tenth as many labels in where they stopped."""
    count = 0
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        came = rng.binomial(200, (1 - np.exp(-2)) * (0.1 if stopped else 1.0))
        (found,) = measured(known(rng), window(int(came), age=2 * DAY))
        limit = level(SPEC, 1, 20, ARRIVAL_SHARE)
        place = Place("m", "1", window(0).window, 200)
        count += judge(SPEC, place, "quality.freshness", found, limit).alert
    return count


def test_labels_that_stopped_alert_and_labels_that_come_as_ever_do_not():
    assert alerts(stopped=True) == 60
    assert alerts(stopped=False) == 0


def test_where_little_is_known_or_due_nothing_is_said():
    rng = np.random.default_rng(2)

    assert measured(Delays(np.ones(99), np.empty(0)), window(0)) == []
    assert measured(known(rng), window(0, age=600.0), window(0, rows=20)) == []
