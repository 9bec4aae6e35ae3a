"""Where a change comes from."""

import json
from dataclasses import replace

import numpy as np
import pytest
from counted import HOUR, answers, counted, profiles

from monitor.core.profile import Profiles
from monitor.core.spec import ModelSpec, Task, WindowSpec
from monitor.detectors.drift.explaining import without
from monitor.detectors.drift.prediction import Prediction
from monitor.detectors.drift.univariate import Univariate

SPEC = ModelSpec(Task.BINARY, window=WindowSpec(min_rows=100))


def divided(ages, cities, like=None):
    """Profiles of ages, with the segments that cities make."""
    before = {} if like is None else like.features
    whole = profiles(like, age=ages, city=cities)
    bins = before.get("age") or whole["age"]
    parts = {
        f"city={name}": profiles(
            age=counted(ages[cities == name], bins), city=list(cities[cities == name])
        )
        for name in sorted(set(cities))
    }
    return replace(whole, segments=parts)


def world(seed, count, moved=0.0, where=("Rome",)):
    rng = np.random.default_rng(seed)
    cities = rng.choice(["Rome", "Oslo", "Bonn"], count, p=[0.3, 0.3, 0.4])
    return rng.normal(0, 1, count) + moved * np.isin(cities, where), cities


def found(current, reference):
    measured = Univariate().measure(SPEC, HOUR, reference, current)
    return {(m.feature, m.segment): m for m in measured}


def test_the_segment_that_moved_is_measured_and_explains_the_change():
    reference = divided(*world(1, 6000))
    told = found(divided(*world(2, 3000, 1.5), reference), reference)

    assert told["age", "city=Rome"].low > 0.1
    assert told["age", "city=Rome"].p_value < 1e-12
    assert told["age", "city=Oslo"].p_value > 1e-3
    (first, *_) = told["age", None].evidence["segments"]
    assert first["segment"] == "city=Rome"
    assert first["explains"] > 0.6
    assert first["without"] < told["age", None].value / 2
    assert ("city", "city=Rome") not in told  # it is what makes the segment
    json.dumps([m.evidence for m in told.values()], allow_nan=False)


def test_a_change_that_all_share_is_explained_by_none():
    reference = divided(*world(1, 6000))
    current = divided(*world(2, 3000, 1.5, ("Rome", "Oslo", "Bonn")), reference)

    assert "segments" not in found(current, reference)["age", None].evidence


def test_nothing_changed_is_not_explained_and_segments_alarm_as_often_as_said():
    reference = divided(*world(1, 6000))
    p = []
    for seed in range(60):
        told = found(divided(*world(100 + seed, 600), reference), reference)
        assert "segments" not in told["age", None].evidence
        p += [m.p_value for (feature, segment), m in told.items() if segment and feature == "age"]

    assert len(p) == 180
    assert np.mean(np.array(p) <= 0.1) <= 0.1 + 3 * np.sqrt(0.09 / 180)
    assert min(p) > 1e-5


def test_segments_of_few_rows_and_new_ones_are_not_compared():
    ages, cities = world(1, 6000)
    reference = divided(ages, cities)
    now, place = world(2, 400)
    place[:49], place[49:] = "Rome", "Paris"

    assert {s for _, s in found(divided(now, place, reference), reference)} == {None}


def test_what_is_left_without_a_part_is_the_profile_of_the_others():
    values = np.arange(100.0)
    whole = counted([*values, None, np.nan])
    left = without(whole, counted([*values[:30], None], whole))

    alone = counted([*values[30:], np.nan], whole)
    assert (left.rows, left.finite, left.total) == (alone.rows, alone.finite, alone.total)
    assert left.counts.tolist() == alone.counts.tolist()
    assert without(counted(["a", "a", "b"]), counted(["b"])).categories == {"a": 2}


def test_an_answer_that_changed_is_explained_too():
    rng = np.random.default_rng(3)

    def answered(count, moved):
        rome = rng.random(count) < 0.5
        score = np.clip(rng.normal(0.4, 0.1, count) + moved * rome, 0, 1)
        parts = {f"rome={r}": answers(None, score[rome == r]) for r in (False, True)}
        whole = answers(None, score)
        return Profiles(whole.rows, score=whole.score, segments=parts)

    told = list(Prediction().measure(SPEC, HOUR, answered(3000, 0), answered(2000, 0.4)))

    (score,) = [m for m in told if m.evidence["of"] == "score"]
    assert score.evidence["segments"][0]["segment"] == "rome=True"
    assert score.evidence["segments"][0]["explains"] == pytest.approx(1, abs=0.3)
