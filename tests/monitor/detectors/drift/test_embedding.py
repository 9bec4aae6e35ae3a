"""Drift of embeddings."""

import numpy as np
import pytest

from monitor.detectors.drift.axes import Axes
from monitor.detectors.drift.embedding import embedding

MIX = np.random.default_rng(0).normal(size=(6, 32))


def vectors(n, seed, shift=0.0, scale=1.0):
    """32 dimensions that six hidden ones make, and a little noise."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(n, 6)) * scale
    hidden[:, 0] += shift
    return hidden @ MIX + rng.normal(0, 0.01, (n, 32))


def found(before, now):
    return {m.method: m for m in embedding(before, now, "e")}


def test_the_axes_are_those_that_hold_the_variance():
    axes = Axes.of(vectors(2000, 1))

    assert 4 <= len(axes.deviations) <= 6
    places = axes.places(vectors(2000, 1))
    assert places.mean(0) == pytest.approx(0, abs=1e-9)
    assert places.std(0, ddof=1) == pytest.approx(1)


def test_a_middle_that_moved_is_seen():
    moved = found(vectors(2000, 1), vectors(500, 2, shift=0.8))

    assert moved["mean_distance"].p_value < 1e-12
    assert moved["mean_distance"].low > 0.3
    assert moved["classifier"].low > 0.6


def test_a_spread_that_grew_is_told_apart_though_the_middle_stayed():
    moved = found(vectors(2000, 1), vectors(500, 2, scale=1.6))

    assert moved["classifier"].low > 0.6


def test_nothing_changed_is_no_drift_as_often_as_said():
    p = [
        [m.p_value for m in embedding(vectors(1500, 2 * s), vectors(400, 2 * s + 1), "e")]
        for s in range(40)
    ]

    for values in np.array(p).T:
        assert np.sum(values <= 0.1) <= 4 + 3 * np.sqrt(40 * 0.1 * 0.9)
        assert values.min() > 1e-4


def test_the_interval_of_the_distance_holds_the_truth_in_nine_of_ten_cases():
    rng, held = np.random.default_rng(5), 0
    for _ in range(150):
        before, now = rng.normal(size=(800, 5)), rng.normal(size=(300, 5)) + 0.2
        m = next(iter(embedding(before, now, "e")))
        held += m.low <= 0.2 * np.sqrt(5) <= m.high

    assert held / 150 >= 0.9 - 3 * np.sqrt(0.09 / 150)


def test_rows_that_are_no_numbers_are_left_out():
    before, now = vectors(500, 1), vectors(300, 2)
    now[:150, 3] = np.nan

    assert found(before, now)
    now[:250, 4] = np.inf
    assert not found(before, now)


def test_a_constant_embedding_has_no_axes():
    assert not found(np.ones((300, 4)), np.ones((300, 4)))
