"""Missing values."""

import numpy as np
import pytest
from counted import HOUR, counted, profiles

from monitor.core.profile import Profiles
from monitor.core.spec import FeatureSpec, ModelSpec, Task
from monitor.detectors.quality.missing import Missing

SPEC = ModelSpec(Task.BINARY)


def found(reference, current, spec=SPEC):
    return {(m.method, m.feature): m for m in Missing().measure(spec, HOUR, reference, current)}


def test_a_feature_that_vanished_is_missing_in_all_rows():
    reference = profiles(age=[1, 2, 3] * 100, city=["a", "b", "a"] * 100)

    m = found(reference, profiles(reference, age=[1, 2, 3] * 10))["share", "city"]

    assert (m.value, m.expected) == (1, 0)
    assert m.p_value < 1e-20


def test_the_share_counts_nulls_and_absent_rows():
    reference = profiles(age=[1, 2])
    current = profiles(age=counted([None, 2, None, 4], reference["age"], absent=[0]))

    assert found(reference, current)["share", "age"].value == 0.5


def test_nan_is_no_missing_value_but_breaks_the_rule_that_the_reference_keeps():
    reference = profiles(age=[1, 2])
    result = found(reference, profiles(reference, age=[1, np.nan, np.inf, 4]))

    assert result["share", "age"].value == 0
    assert result["nonfinite", "age"].value == 0.5
    assert result["nonfinite", "age"].p_value is None


def test_nan_as_in_the_reference_is_likely():
    reference = profiles(age=[1, np.nan] * 50)

    m = found(reference, profiles(reference, age=[1, np.nan] * 10))["nonfinite", "age"]

    assert (m.expected, m.p_value) == (0.5, 1)


def test_without_reference_no_share_is_unlikely():
    spec = ModelSpec(Task.BINARY, {"age": FeatureSpec()})
    result = found(Profiles(), profiles(age=[1, None]), spec)

    assert (result["share", "age"].p_value, result["share", "age"].expected) == (1, None)


def test_false_alarms_keep_to_their_level_and_a_doubled_share_is_seen():
    rng = np.random.default_rng(3)

    def p_value(share):
        gone = rng.random((2, 4000)) < np.array([[0.05], [share]])
        before, now = gone[0], gone[1, :1000]
        reference = profiles(age=counted([None if g else 1.0 for g in before]))
        current = profiles(reference, age=[None if g else 1.0 for g in now])
        return found(reference, current)["share", "age"].p_value

    same = np.array([p_value(0.05) for _ in range(300)])
    assert np.mean(same <= 0.05) <= 0.09
    assert same.min() > 1e-5
    assert max(p_value(0.15) for _ in range(20)) < 1e-6


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_few_rows_prove_little(rows):
    reference = profiles(age=[1.0, None] * 500)

    assert found(reference, profiles(reference, age=[None] * rows))["share", "age"].p_value > 0.02
