"""Findings as a line."""

from datetime import timedelta

import pytest
from builders import NOON

from monitor.console.lines import HEIGHT, MOST, WIDTH, line
from monitor.core.findings import Finding, Measurement, Severity
from monitor.core.windows import Window


def finding(hour, value, alert=False, threshold=0.1, **ends):
    window = Window(NOON + timedelta(hours=hour), NOON + timedelta(hours=hour + 1))
    severity = Severity.WARNING if alert else Severity.INFO
    m = Measurement("psi", value, "age", **ends)
    return Finding("m", "1", window, 9, "drift.univariate", m, threshold, 0.1, alert, severity, "!")


def test_the_line_runs_from_the_oldest_window_to_the_newest_and_marks_alerts():
    drawn = line([finding(2, 0.3, alert=True), finding(0, 0.0), finding(1, 0.1)])

    places = [tuple(map(float, p.split(","))) for p in drawn.points.split()]
    assert [x for x, _ in places] == [0, WIDTH / 2, WIDTH]
    assert places[0][1] > places[1][1] > places[2][1]
    assert all(0 <= y <= HEIGHT for _, y in places)
    assert drawn.threshold == places[1][1]
    assert [(x, y) for x, y, _ in drawn.alerts] == [places[2]]
    assert "2026-03-01 14:00: !" in drawn.alerts[0][2]
    assert (drawn.now, drawn.low, drawn.high) == (0.3, 0, 0.3)
    assert not drawn.band


def test_intervals_are_a_band_inside_the_picture():
    drawn = line([finding(h, 0.2, low=0.1, high=5.0) for h in range(3)])

    ends = [tuple(map(float, p.split(","))) for p in drawn.band.split()]
    assert len(ends) == 6
    assert all(0 <= y <= HEIGHT for _, y in ends)


def test_one_window_a_constant_and_nothing_are_drawn_too():
    assert line([]) is None
    assert line([finding(0, 0.0, threshold=None)]).threshold is None
    assert len(line([finding(h, 0.5) for h in range(MOST + 9)]).points.split()) == MOST
    assert line([finding(0, 3.0, threshold=3.0)]).points == pytest.approx("0.0,24.0")
