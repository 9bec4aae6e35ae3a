"""References that move along with the windows."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from builders import NOON
from counted import profiles

from monitor.core.findings import Measurement
from monitor.core.profile import Bins, Profiles
from monitor.core.spec import ModelSpec, ReferenceSpec, Task
from monitor.core.windows import Sample, Window
from monitor.detectors.drift.univariate import Univariate
from monitor.engine.check import Checker, Sources
from monitor.engine.moving import moved

HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
WINDOW = Window(NOON, NOON + HOUR)
BINS = Bins.of(np.random.default_rng(0).normal(size=5000))


class Told:
    """Says what the profile of each span is, and remembers what was asked."""

    def __init__(self, rows=500, moved=0.0):
        self.rows, self.mean, self.asked = rows, moved, []

    def profile(self, model, span):
        self.asked.append(span)
        rng = np.random.default_rng(len(self.asked))
        return normal(rng, self.rows, self.mean)

    def reference(self, model, version):
        return normal(np.random.default_rng(99), 5000, 0.0)

    def reference_sample(self, model, version, limit, *, labelled=False):
        return Sample(0)

    sample = reference_sample


def normal(rng, count, mean):
    like = profiles(a=[0.0])
    like = replace(like, features={"a": replace(like["a"], bins=BINS)})
    return profiles(like, a=rng.normal(mean, 1, count))


def spec(**reference):
    return ModelSpec(Task.BINARY, reference=ReferenceSpec(**reference))


def test_without_a_wish_the_reference_that_was_put_holds():
    assert moved(spec(), Told(), "m", WINDOW) is None


def test_rolling_asks_for_the_time_before_the_window_and_no_row_of_it():
    past = Told()
    found = moved(spec(rolling=timedelta(days=2)), past, "m", WINDOW)

    assert past.asked == [Window(NOON - timedelta(days=2), NOON)]
    assert found.reference.rows == 500
    marked = found.marked(Measurement("psi", 0.1, "a", evidence={"moved": []}))
    assert marked.evidence["reference"]["kind"] == "rolling"
    assert marked.evidence["reference"]["rows"] == 500
    assert marked.evidence["moved"] == []


def test_the_same_hours_of_past_weeks_are_added_up():
    past = Told(100)
    found = moved(spec(same_hour_of_week=3 * WEEK), past, "m", WINDOW)

    starts = [NOON - 3 * WEEK, NOON - 2 * WEEK, NOON - WEEK]
    assert past.asked == [Window(start, start + HOUR) for start in starts]
    assert found.reference.rows == found.reference["a"].rows == 300
    assert found.reference["a"].counts.sum() == 300
    assert found.kind == "same_hour_of_week"


@pytest.mark.parametrize("rows", [0, 29, 199])
def test_as_long_as_the_past_has_too_few_rows_the_fixed_reference_holds(rows):
    assert moved(spec(rolling=HOUR), Told(rows), "m", WINDOW) is None


def test_drift_is_measured_against_the_past_that_the_spec_names():
    current = normal(np.random.default_rng(5), 1000, 1.0)

    def alert(past, asked):
        sources = Sources("m", Told(), Told(), past=past)
        checker = Checker([Univariate()], None, lambda *a, **k: None)
        (finding,) = checker.check(asked, sources, WINDOW, {"1": current})
        return finding.alert, finding.measured.evidence.get("reference")

    assert alert(Told(3000, moved=1.0), spec()) == (True, None)
    silent, compared = alert(Told(3000, moved=1.0), spec(rolling=WEEK))
    assert (silent, compared["rows"]) == (False, 3000)
    assert alert(Told(3000, moved=0.0), spec(rolling=WEEK))[0]
    assert alert(Told(3), spec(rolling=WEEK)) == (True, None)


def test_profiles_add_up_with_their_segments():
    one = normal(np.random.default_rng(1), 50, 0)
    whole = replace(one, segments={"a": one}) + replace(one, segments={"a": one, "b": one})

    assert whole.rows == 100
    assert {name: part.rows for name, part in whole.segments.items()} == {"a": 100, "b": 50}
    assert (Profiles() + one).features.keys() == {"a"}
