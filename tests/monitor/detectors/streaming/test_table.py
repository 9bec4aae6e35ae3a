"""Streaming detectors that keep a run length."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.detectors.streaming.table import RIVER, STREAMING

METHODS = pytest.mark.parametrize("method", STREAMING)


def errors(*parts, seed=1):
    """0/1 losses, so many at each rate."""
    rng = np.random.default_rng(seed)
    return np.concatenate([(rng.random(n) < rate).astype(float) for n, rate in parts])


def dependent(n, r, seed=1):
    """AR(1) errors between 0 and 1."""
    rng = np.random.default_rng(seed)
    steps, values = rng.normal(size=n) * (1 - r * r) ** 0.5, np.zeros(n)
    for i in range(1, n):
        values[i] = r * values[i - 1] + steps[i]
    return 1 / (1 + np.exp(-values))


def places(detector, values):
    return [alarm.index for alarm in detector.update_many(values)]


@METHODS
def test_an_error_that_triples_is_noticed_soon_with_its_levels(method):
    alarms = STREAMING[method]().update_many(errors((4000, 0.1), (1500, 0.3)))

    first = next(a for a in alarms if a.index >= 4000)
    assert first.index < 4400
    assert first.before == pytest.approx(0.1, abs=0.06)
    assert first.after > 0.17


@METHODS
def test_alarms_of_unchanged_errors_are_as_rare_as_the_run_length_says(method):
    often = rare = 0
    for seed in range(4):
        values = errors((10_000, 0.2), seed=seed)
        often += len(places(STREAMING[method](1000), values))
        rare += len(places(STREAMING[method](20_000), values))

    assert rare <= 6
    assert rare <= often <= 64


@pytest.mark.parametrize("method", [m for m, kind in STREAMING.items() if kind.rising_only])
def test_an_error_that_falls_is_no_alarm(method):
    found = places(STREAMING[method](), errors((3000, 0.4), (3000, 0.1)))

    assert not [i for i in found if i >= 3000]


@METHODS
@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, 3200), max_size=6), st.integers(0, 5), st.booleans())
def test_any_cut_gives_the_same_as_one_by_one(method, cuts, seed, bound):
    values = errors((1600, 0.1), (1600, 0.6), seed=seed)
    if bound:
        values = dependent(3200, 0.6, seed) ** np.linspace(3, 0.5, 3200)
    values[::97] = np.nan
    whole = STREAMING[method](500)
    expected = whole.update_many(values)

    detector, found = STREAMING[method](500), []
    for start, end in pairwise([0, *sorted(cuts), 3200]):
        cut = detector.update_many(values[start:end])
        found += [(start + a.index, a.before, a.after) for a in cut]
        detector = type(detector).load(detector.dump())

    assert found == [(a.index, a.before, a.after) for a in expected]
    assert detector.mean == whole.mean
    assert detector.skipped == whole.skipped


@METHODS
def test_one_by_one_is_the_same_too(method):
    values = np.concatenate([errors((500, 0.1), (500, 0.7)), dependent(1500, 0.8)])
    one = STREAMING[method](200)
    found = [i for i, v in enumerate(values) if one.update_many(np.array([v]))]

    whole = STREAMING[method](200)
    assert found == places(whole, values)
    if method not in RIVER:  # a pickle's bytes depend on how an object came to be
        assert one.to_state() == whole.to_state()


@METHODS
def test_nan_and_infinity_blind_nobody_and_are_counted(method):
    values = errors((3000, 0.1), (2000, 0.5))
    holes = np.insert(values, np.arange(0, 5000, 10), np.nan)
    holes[::77] = np.where(np.isnan(holes[::77]), np.inf, holes[::77])
    usable = np.flatnonzero(np.isfinite(holes))
    detector = STREAMING[method]()

    assert places(detector, holes) == [usable[i] for i in places(STREAMING[method](), values)]
    assert detector.skipped == 500


@METHODS
def test_the_state_is_json_and_a_damaged_or_foreign_one_is_refused(method):
    kind = STREAMING[method]
    detector = kind()
    detector.update_many(errors((700, 0.2)))
    other = next(k for m, k in STREAMING.items() if m != method)

    state = json.loads(json.dumps(detector.to_state()))
    assert kind.from_state(state).to_state() == detector.to_state()
    with pytest.raises(ValueError, match="damaged"):
        kind.load(detector.dump()[:-1])
    with pytest.raises(ValueError, match="another detector"):
        kind.load(other().dump())
    for part in ("core", "levels", "guard", "seen"):
        with pytest.raises(ValueError, match="cannot be read"):
            kind.from_state({k: v for k, v in state.items() if k != part})


def test_a_state_of_another_version_of_river_is_refused():
    for kind in RIVER.values():
        state = kind().to_state()
        with pytest.raises(ValueError, match=r"River 0\.1"):
            kind.from_state(state | {"core": state["core"] | {"river": "0.1"}})


@METHODS
def test_dependent_values_alarm_hardly_more_often(method):
    total = sum(len(places(STREAMING[method](), dependent(10_000, 0.5, s))) for s in range(3))

    assert total <= 5


def test_dependence_that_comes_later_is_noticed_too():
    detector = STREAMING["mixture"]()
    detector.update_many(errors((1000, 0.2)))
    assert detector.to_state()["guard"]["size"] == 1

    detector.update_many(dependent(3000, 0.8))
    assert detector.to_state()["guard"]["size"] > 1


def test_a_known_baseline_keeps_alarming_while_the_loss_stays_above_it():
    detector = STREAMING["mixture"](1000, baseline=0.1)

    assert len(places(detector, errors((5000, 0.4)))) > 20
    assert places(STREAMING["mixture"](1000, baseline=0.5), errors((5000, 0.4))) == []


def test_a_run_length_that_is_proven_is_kept_with_a_known_baseline():
    rng = np.random.default_rng(0)
    firsts = []
    for _ in range(60):
        detector = STREAMING["mixture"](200, baseline=0.3)
        found = places(detector, (rng.random(4000) < 0.3).astype(float))
        firsts += np.diff([0, *found]).tolist()

    assert np.mean(firsts) >= 200


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_conformal_sees_a_spread_in_any_unit(scale):
    rng = np.random.default_rng(3)
    values = np.concatenate([rng.standard_t(3, 3000), 2 * rng.standard_t(3, 1000)]) * scale

    found = places(STREAMING["conformal"](), values)
    assert [i for i in found if 3000 <= i < 3200]
    assert len([i for i in found if i < 3000]) <= 1


def test_values_out_of_bounds_are_skipped():
    detector = STREAMING["ddm"]()

    assert not detector.update_many(np.array([7.0, -1.0] * 100))
    assert np.isnan(detector.mean)
    assert detector.skipped == 200
