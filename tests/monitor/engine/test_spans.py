"""Spans: alignment and runs of windows."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.ports import LabelledStream
from monitor.core.windows import Window
from monitor.engine.spans import END, aligned, runs, touched

HOUR = timedelta(hours=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
minutes = st.integers(0, 3000)


def at(minute):
    return START + timedelta(minutes=minute)


@given(minutes, minutes, minutes, st.integers(1, 3000))
def test_an_aligned_span_holds_the_windows_that_start_in_it(first, last, row, width):
    extent = Window(at(row), at(row + width))
    found = aligned(Window(at(first), at(last)), extent, HOUR)
    expected = [
        h
        for h in range(200)
        if at(first) <= at(60 * h) < at(last)
        and at(60 * h) + HOUR > extent.start
        and at(60 * h) < extent.end
    ]
    starts = (
        [] if found is None else [h for h in range(200) if found.start <= at(60 * h) < found.end]
    )

    assert starts == expected


def test_no_span_is_all_there_is():
    extent = Window(at(90), at(150))
    assert aligned(None, extent, HOUR) == Window(at(60), at(180))
    assert aligned(None, None, HOUR) is None


def test_the_end_of_time_is_no_error():
    late = Window(datetime(9999, 12, 31, 22, tzinfo=UTC), END)
    assert aligned(None, late, HOUR) == late
    assert aligned(Window(datetime(1, 1, 1, tzinfo=UTC), END), Window(at(0), at(1)), HOUR)


@given(st.sets(st.integers(0, 60)))
def test_runs_hold_every_window_and_few_others(hours):
    windows = [Window(at(60 * h), at(60 * h + 60)) for h in hours]
    found = list(runs(windows))
    held = {h for h in range(61) if any(r.start <= at(60 * h) < r.end for r in found)}

    assert hours <= held
    assert len(held) <= 3 * len(hours)
    assert found == sorted(found)


@pytest.mark.parametrize("versions", [[], ["1"], ["1", "2"]])
def test_touched_windows_are_those_of_the_rows_of_all_versions(cast, versions):
    rows = [cast.Row("a", cast.START + HOUR / 2), cast.Row("b", cast.START + 2 * HOUR)]
    labelled = LabelledStream(2, {v: cast.sample_of(rows) for v in versions})
    expected = [cast.hour(0), cast.hour(2)] if versions else []
    assert touched(labelled, HOUR) == expected
