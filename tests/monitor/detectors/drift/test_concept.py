"""Rising losses on a stream."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.detectors import STREAMS

METHODS = pytest.mark.parametrize("method", STREAMS)


def errors(*parts, seed=1):
    """0/1 losses, so many at each rate."""
    rng = np.random.default_rng(seed)
    return np.concatenate([(rng.random(n) < rate).astype(float) for n, rate in parts])


def alarms(method, values):
    return list(STREAMS[method]().update_many(values))


@METHODS
def test_an_error_that_doubles_is_noticed_soon_with_its_levels(method):
    found = alarms(method, errors((3000, 0.15), (2000, 0.45)))

    first = next(a for a in found if a.index >= 3000)
    assert first.index < 3500
    assert first.before == pytest.approx(0.15, abs=0.06)
    assert first.after > 0.25


@METHODS
def test_an_error_that_falls_is_no_alarm(method):
    found = alarms(method, errors((3000, 0.45), (3000, 0.1)))

    assert not [a for a in found if a.index >= 3000]


@METHODS
def test_an_unchanged_error_is_hardly_ever_an_alarm(method):
    total = sum(len(alarms(method, errors((5000, 0.2), seed=s))) for s in range(8))

    assert total <= 4


@METHODS
def test_nan_and_infinity_blind_nobody_and_keep_their_index(method):
    values = errors((3000, 0.15), (2000, 0.5))
    holes = np.insert(values, np.arange(0, 5000, 10), np.nan)
    holes[::77] = np.where(np.isnan(holes[::77]), np.inf, holes[::77])
    usable = np.flatnonzero(np.isfinite(holes))

    expected = [(usable[a.index], a.before, a.after) for a in alarms(method, values)]
    assert [(a.index, a.before, a.after) for a in alarms(method, holes)] == expected
    assert expected


@METHODS
@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 2500), max_size=6), st.integers(0, 5))
def test_any_cut_gives_the_same_as_one_by_one(method, cuts, seed):
    values = errors((1200, 0.1), (1300, 0.6), seed=seed)
    whole = STREAMS[method]()
    expected = [(a.index, a.before, a.after) for a in whole.update_many(values)]

    detector, found, places = STREAMS[method](), [], [0, *sorted(cuts), 2500]
    for start, end in pairwise(places):
        cut = detector.update_many(values[start:end])
        found += [(start + a.index, a.before, a.after) for a in cut]
        detector = type(detector).load(detector.dump())

    assert found == expected
    assert detector.mean == whole.mean


@METHODS
def test_one_by_one_is_the_same_too(method):
    values = errors((600, 0.1), (600, 0.8))
    one = STREAMS[method]()
    found = [i for i, v in enumerate(values) if one.update_many(np.array([v]))]

    assert found == [a.index for a in alarms(method, values)]


@METHODS
def test_the_level_is_unknown_before_the_first_value(method):
    detector = STREAMS[method]()
    assert np.isnan(detector.mean)

    detector.update_many(errors((500, 0.3)))
    assert detector.mean == pytest.approx(0.3, abs=0.07)


@METHODS
def test_a_state_that_is_damaged_or_of_another_detector_is_refused(method):
    kind = STREAMS[method]
    state = kind().dump()
    other = next(k for m, k in STREAMS.items() if m != method)

    with pytest.raises(ValueError, match="damaged"):
        kind.load(state[:-1] + b"x")
    with pytest.raises(ValueError, match="damaged"):
        kind.load(b"")
    with pytest.raises(ValueError, match="another detector"):
        kind.load(other().dump())


@pytest.mark.parametrize("method", ["adwin", "page_hinkley"])
def test_errors_of_a_regression_are_watched(method):
    rng = np.random.default_rng(2)
    values = np.abs(np.concatenate([rng.normal(0, 1, 2000), rng.normal(0, 3, 2000)]))

    assert [a for a in alarms(method, values) if 2000 <= a.index < 2300]


def test_ddm_skips_what_is_no_error_rate():
    detector = STREAMS["ddm"]()

    assert not detector.update_many(np.array([7.0, -1.0] * 100))
    assert np.isnan(detector.mean)
