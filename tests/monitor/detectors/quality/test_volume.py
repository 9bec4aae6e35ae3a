"""Traffic that vanished or doubled."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from counted import HOUR

from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Traffic, Window
from monitor.detectors.quality.freshness import Lateness
from monitor.detectors.quality.volume import Volume

SPEC = ModelSpec(Task.BINARY)
LENGTH = timedelta(hours=1)
LEVEL = 1e-5


def hours(counts, lags=None):
    """Windows of an hour each."""
    lags = np.ones(len(counts)) if lags is None else lags
    return [
        Traffic(Window(HOUR.start + i * LENGTH, HOUR.end + i * LENGTH), int(n), float(lag), "1")
        for i, (n, lag) in enumerate(zip(counts, lags, strict=True))
    ]


def weeks(seed, count, mean=2000.0, noise=0.1):
    """Traffic with a day, a weekend and some noise."""
    rng = np.random.default_rng(seed)
    place = np.arange(168 * count)
    season = np.exp(np.sin(2 * np.pi * place / 24) - 0.7 * (place // 24 % 7 >= 5))
    return hours(rng.poisson(mean * season * np.exp(noise * rng.normal(size=len(place)))))


def measured(history, current):
    return {m.method: m for m in Volume().measure(SPEC, history, current)}


def test_traffic_that_vanished_or_doubled_at_this_hour_is_no_chance():
    traffic = weeks(1, 5)
    *history, last = traffic

    gone = measured(history, replace(last, rows=0))["fell"]
    twice = measured(history, replace(last, rows=2 * last.rows))["rose"]

    assert (gone.value, gone.p_value < LEVEL) == (1.0, True)
    assert twice.value == pytest.approx(1.0, abs=0.3)
    assert twice.p_value < 1e-4
    assert gone.evidence["windows"] == 4


def test_what_is_usual_at_night_is_too_little_by_day():
    traffic = weeks(2, 5)
    night = traffic[-6].rows
    history, day = traffic[:-18], traffic[-18]

    assert night < day.rows / 3
    assert measured(history, replace(day, rows=night))["fell"].p_value < LEVEL
    assert measured(traffic[:-6], traffic[-6])["fell"].p_value > 0.01


@pytest.mark.parametrize("noise", [0.0, 0.2, 0.5])
@pytest.mark.parametrize("mean", [2.0, 500.0])
def test_chance_alone_alarms_no_more_often_than_its_level(noise, mean):
    traffic = weeks(3, 6, mean, noise)

    found = [
        m.p_value
        for i in range(24, len(traffic), 3)
        for m in measured(traffic[:i], traffic[i]).values()
        if m.value > 0.5
    ]

    assert np.sum(np.array(found) < LEVEL) <= 1


def test_an_outage_before_hides_none_after():
    traffic = weeks(4, 5)
    spoilt = [replace(t, rows=0) if 400 <= i < 420 else t for i, t in enumerate(traffic)]

    assert measured(spoilt[:-1], replace(spoilt[-1], rows=0))["fell"].p_value < 1e-4


def test_nothing_is_said_of_few_windows_or_of_little_traffic():
    assert measured(hours([100] * 19), hours([100] * 20)[-1]) == {}
    assert measured(hours([0, 0, 1] * 20), hours([0] * 61)[-1]) == {}


def test_rows_that_come_late_are_no_chance_and_usual_lags_are():
    rng = np.random.default_rng(5)
    *history, last = hours([100] * 200, rng.lognormal(1, 0.5, 200))

    def lateness(lag):
        (m,) = Lateness().measure(SPEC, history, replace(last, lag=lag))
        return m

    assert lateness(last.lag).p_value > 0.001
    assert lateness(1800.0).p_value < LEVEL
    assert lateness(1800.0).value == 0.5
    assert not list(Lateness().measure(SPEC, history[:10], last))
    assert not list(Lateness().measure(SPEC, history, replace(last, lag=float("nan"))))
