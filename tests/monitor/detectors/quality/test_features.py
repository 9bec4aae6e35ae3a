"""Which features a window ought to have."""

from counted import counted, profiles

from monitor.core.profile import Profiles
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task
from monitor.detectors.quality.features import expected, missing, sent

SPEC = ModelSpec(
    Task.BINARY,
    {"bound": FeatureSpec(min=0), "typed": FeatureSpec(type=FeatureType.NUMBER)},
)


def test_all_that_the_spec_has_is_expected_without_reference():
    assert list(expected(SPEC, Profiles())) == ["bound", "typed"]


def test_a_bare_type_is_no_expectation_beside_a_reference():
    assert list(expected(SPEC, profiles(age=[1]))) == ["bound", "age"]


def test_rows_from_before_a_column_existed_are_missing_and_not_sent():
    young = Profiles(10, {"age": counted([1.0, None, 3.0], absent=[1])})

    assert (missing(young, "age"), sent(young, "age")) == (8, 2)
    assert (missing(young, "none"), sent(young, "none")) == (10, 0)
