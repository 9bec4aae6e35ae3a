"""Rows that depend on each other count for fewer, and independent ones for as many as they are."""

from datetime import timedelta

import numpy as np
import pytest
from scipy.signal import lfilter

from monitor.core.profile import Bins, Profile, Profiles
from monitor.core.spec import FeatureType
from monitor.core.windows import Sample
from monitor.engine.dependence import Dependence, Dependences, dependence

HOUR, ROWS = timedelta(hours=1), 10_000
STAMPS = (np.linspace(0, 28 * 24, ROWS) * 3600e6).astype(np.int64)
WEEK = np.sin(np.linspace(0, 8 * np.pi, ROWS))


def ar1(rng, phi, rows=ROWS):
    z = rng.standard_normal(rows)
    z[1:] *= np.sqrt(1 - phi**2)
    return lfilter([1.0], [1.0, -phi], z)


def test_independent_rows_count_as_they_are():
    rng = np.random.default_rng(1)
    shown = [dependence(rng.lognormal(size=ROWS), STAMPS, HOUR) for _ in range(100)]

    assert sum(d.some for d in shown) <= 3


@pytest.mark.parametrize("phi", [0.3, 0.5, 0.9])
def test_neighbours_that_are_alike_count_as_theory_says(phi):
    """The variance of a mean of an AR(1) is (1 + phi) / (1 - phi) times that of independent rows.

    Ranks of a normal AR(1) are a little less alike than its values.
    """
    shown = dependence(ar1(np.random.default_rng(2), phi), STAMPS, HOUR)

    assert shown.rows == pytest.approx((1 + phi) / (1 - phi), rel=0.2)


def test_a_part_of_the_rows_tells_of_all():
    rng = np.random.default_rng(3)
    whole = ar1(rng, 0.5, 4 * ROWS)
    drawn = np.sort(rng.choice(4 * ROWS, ROWS, replace=False))

    assert dependence(whole[drawn], STAMPS, HOUR, 0.25).rows == pytest.approx(3, rel=0.25)


def test_a_cycle_is_what_the_rows_of_a_window_share():
    rng = np.random.default_rng(4)
    shown = dependence(np.exp(rng.standard_normal(ROWS) + 0.3 * WEEK), STAMPS, HOUR)

    assert shown.windows == pytest.approx(0.045 / 1.045, rel=0.4)
    assert shown.rows == pytest.approx(1, abs=0.5)
    assert 15 < 1000 * shown.share(1000) < 45


def test_where_nothing_can_be_said_rows_count_as_they_are():
    rng = np.random.default_rng(5)
    assert dependence(np.full(ROWS, 3.0), STAMPS, HOUR) == Dependence()
    assert dependence(np.full(ROWS, np.nan), STAMPS, HOUR) == Dependence()
    assert dependence(np.arange(99.0), STAMPS[:99], HOUR) == Dependence()
    at_once = dependence(rng.standard_normal(ROWS), np.zeros(ROWS, np.int64), HOUR)
    assert at_once == Dependence()
    assert Dependences.of(Sample(0), HOUR) == Dependences()


def test_each_feature_is_looked_at_and_its_profiles_know():
    rng = np.random.default_rng(6)
    x, y = ar1(rng, 0.5), rng.standard_normal(ROWS)
    city = np.where(x > 0, "Rome", "Oslo").astype(object)
    city[:5] = None
    sample = Sample(
        ROWS,
        range(ROWS),
        STAMPS,
        {"x": x, "y": y},
        {"city": city},
        prediction=city,
        score=1 / (1 + np.exp(-x)),
    )
    shown = Dependences.of(sample, HOUR)
    profiles = Profiles(
        300,
        {name: Profile(FeatureType.NUMBER, rows=300) for name in ("x", "y")},
        score=Profile(FeatureType.NUMBER, rows=300),
    )

    assert shown.features.keys() == {"x", "city"}
    assert shown.answers.keys() == {"prediction", "score"}
    weighed = shown.of_window(profiles)
    assert weighed["x"].independent == pytest.approx(1 / 3, rel=0.2)
    assert weighed["y"].independent == 1.0
    assert weighed.score.independent < 0.5
    assert weighed.prediction is None
    assert shown.of_reference(profiles)["x"].independent == weighed["x"].independent
    assert Dependences().of_window(profiles) is profiles


def test_thinned_counts_keep_their_shape():
    x = np.random.default_rng(7).standard_normal(5000)
    bins = Bins.of(x)
    counts = np.bincount(bins.place(x), minlength=len(bins))
    profile = Profile(FeatureType.NUMBER, rows=5000, bins=bins, counts=counts, independent=0.1)
    category = Profile(
        FeatureType.CATEGORY, rows=90, categories={"a": 60, "b": 30}, independent=1 / 3
    )

    assert profile.thinned().counts.sum() == 500
    off = np.cumsum(profile.thinned().counts) - 0.1 * np.cumsum(counts)
    assert np.abs(off).max() <= 0.5
    assert category.thinned().categories == {"a": 20, "b": 10}
    assert Profile(FeatureType.NUMBER, counts=counts).thinned().counts is counts
