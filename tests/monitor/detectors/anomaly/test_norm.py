"""What normal rows look like."""

import numpy as np
import pytest
from counted import sample

from monitor.detectors.anomaly.norm import Normal, Rarity, Scale


def test_a_scale_is_not_moved_by_a_few_wild_values():
    values = np.append(np.random.default_rng(1).normal(5, 2, 1000), [1e9] * 5)

    scale = Scale.of(values)

    assert (scale.middle, scale.below) == (pytest.approx(5, abs=0.3), pytest.approx(2, abs=0.3))
    assert scale.above == pytest.approx(2, abs=0.4)


def test_a_long_tail_is_wide_on_its_side_only():
    scale = Scale.of(np.random.default_rng(1).lognormal(0, 1.5, 5000))

    assert scale.above > 5 * scale.below


def test_mostly_equal_values_still_have_a_width():
    assert Scale.of(np.array([0.0] * 90 + [5.0] * 10)).above > 0
    assert Scale.of(np.ones(10)) is None
    assert Scale.of(np.array([1.0])) is None


def test_rarer_categories_are_farther_and_unseen_ones_farthest():
    rarity = Rarity.of(np.array(["a"] * 90 + ["b"] * 9 + ["c"] + [None] * 5, object))

    common, rare, single, unseen, missing = rarity.deviations(
        np.array(["a", "b", "c", "new", None], object)
    )

    assert missing == 0 < common < rare < single < unseen
    assert Rarity.of(np.array([None], object)) is None


def test_the_distance_is_mahalanobis_under_a_shrunk_covariance():
    rng = np.random.default_rng(2)
    rows = sample({"a": rng.normal(size=5000), "b": rng.normal(size=5000)})
    every = np.ones(5000, bool)

    normal = Normal.of(rows, every, ["a", "b"])

    assert np.allclose(normal.precision, np.eye(2), atol=0.1)
    assert np.mean(normal.scores(rows, every) > 1) == pytest.approx(0.015, abs=0.01)
