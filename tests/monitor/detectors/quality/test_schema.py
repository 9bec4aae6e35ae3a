"""Columns that vanished or that nobody knows."""

from dataclasses import replace

import pytest
from counted import HOUR, counted, profiles

from monitor.core.profile import Profiles
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task
from monitor.detectors.quality.schema import Schema

NUMBER = FeatureSpec(type=FeatureType.NUMBER)


def found(spec, reference, current):
    measured = Schema().measure(ModelSpec(Task.BINARY, spec), HOUR, reference, current)
    return {(m.method, m.feature): m for m in measured}


def test_a_column_that_no_row_has_breaks_the_rule():
    reference = profiles(age=[1, 2, 3], income=[1, 2, 3])
    current = profiles(reference, age=[1, 2])

    gone = found({}, reference, current)["missing_column", "income"]

    assert (gone.value, gone.p_value) == (1, None)


def test_a_null_is_no_missing_column():
    reference = profiles(age=[1, 2])

    here = found({}, reference, profiles(reference, age=[None, None]))["missing_column", "age"]

    assert (here.value, here.p_value) == (0, None)


def test_a_partly_absent_column_is_judged_by_chance():
    reference = profiles(age=counted(range(1000), absent=range(100)))
    usual = profiles(age=counted(range(50), reference["age"], absent=range(6)))
    odd = profiles(age=counted(range(50), reference["age"], absent=range(30)))

    assert found({}, reference, usual)["missing_column", "age"].p_value > 0.2
    assert found({}, reference, odd)["missing_column", "age"].p_value < 1e-9
    assert found({}, reference, odd)["missing_column", "age"].expected == pytest.approx(0.1)


def test_an_optional_column_that_a_few_rows_lack_breaks_no_rule():
    reference = profiles(age=counted(range(1000), absent=range(500)))
    current = profiles(age=counted([1], reference["age"], absent=[0]))

    assert found({}, reference, current)["missing_column", "age"].p_value > 0.4


def test_without_reference_a_partly_absent_column_is_not_unlikely():
    current = profiles(age=counted([1, 2], absent=[0]))

    assert found({"age": NUMBER}, Profiles(), current)["missing_column", "age"].p_value == 1


def test_a_declared_column_that_never_came_is_missing_without_reference_too():
    gone = found({"income": NUMBER}, Profiles(), profiles(age=[1]))["missing_column", "income"]

    assert (gone.value, gone.p_value) == (1, None)


def test_a_column_that_the_reference_lacks_is_extra_though_the_store_gave_it_a_type():
    reference = profiles(age=[1, 2])

    extra = found({"zip": NUMBER}, reference, profiles(age=[1], zip=[7]))["extra_column", "zip"]

    assert (extra.value, extra.p_value) == (1, None)


def test_a_column_that_the_spec_says_more_about_is_not_extra():
    reference = profiles(age=[1, 2])
    spec = {"zip": FeatureSpec(type=FeatureType.NUMBER, min=0)}

    assert ("extra_column", "zip") not in found(spec, reference, profiles(age=[1], zip=[7]))


def test_rows_with_more_features_than_a_model_can_have_are_told_once():
    current = replace(profiles(age=[1, 2, 3, 4]), beyond=1)

    more = found({}, profiles(age=[1]), current)["extra_column", None]

    assert (more.value, more.expected, more.p_value) == (0.25, 0.0, None)
    assert ("extra_column", None) not in found({}, profiles(age=[1]), profiles(age=[1]))
