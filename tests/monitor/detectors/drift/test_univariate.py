"""Drift of single features."""

from dataclasses import replace

import numpy as np
from counted import HOUR, counted, profiles

from monitor.core.profile import Profiles
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task, WindowSpec
from monitor.detectors.drift.univariate import Univariate

SPEC = ModelSpec(Task.BINARY, window=WindowSpec(min_rows=100))


def normal(n, shift=0.0, seed=1):
    return np.random.default_rng(seed).normal(shift, 1, n)


def found(reference, current, spec=SPEC):
    return {m.feature: m for m in Univariate().measure(spec, HOUR, reference, current)}


def test_only_the_feature_that_moved_is_unlikely():
    reference = profiles(a=normal(5000), b=normal(5000, seed=2))
    current = profiles(reference, a=normal(500, 1, seed=3), b=normal(500, seed=4))

    result = found(reference, current)

    assert result["a"].p_value < 1e-12
    assert result["a"].low > 0.1
    assert result["b"].p_value > 0.001
    assert result["a"].evidence["now"]["mean"] > 0.8


def test_the_spec_chooses_the_method():
    reference = profiles(a=normal(5000))
    spec = replace(SPEC, features={"a": FeatureSpec(method="wasserstein")})

    assert found(reference, profiles(reference, a=normal(500)), spec)["a"].method == "wasserstein"


def test_too_few_rows_are_no_evidence():
    reference = profiles(a=normal(5000))

    few = found(reference, profiles(reference, a=normal(99, 5)))
    assert [m.method for m in few.values()] == ["not_compared"]
    assert "a" in found(reference, profiles(reference, a=normal(100, 5)))


def test_missing_values_do_not_count_as_rows():
    reference = profiles(a=normal(5000))

    assert "a" not in found(reference, profiles(reference, a=[*normal(99, 5), *[None] * 500]))


def test_a_feature_without_reference_is_not_compared():
    assert not found(profiles(b=normal(500)), profiles(a=normal(500)))
    assert not found(Profiles(), profiles(a=normal(500)))


def test_time_goes_on_without_being_drift_unless_someone_asks():
    reference = profiles(a=replace(counted(normal(500)), type=FeatureType.TIMESTAMP))
    now = replace(counted(normal(500, 9), reference["a"]), type=FeatureType.TIMESTAMP)

    assert not found(reference, profiles(a=now))
    asked = replace(SPEC, features={"a": FeatureSpec(method="psi")})
    assert found(reference, profiles(a=now), asked)["a"].p_value < 1e-9
