"""Values that do not fit their type."""

from counted import HOUR, counted, profiles

from monitor.core.spec import ModelSpec, Task
from monitor.detectors.quality.type import Type

SPEC = ModelSpec(Task.BINARY)


def test_a_misfit_breaks_the_rule_that_the_reference_keeps():
    reference = profiles(age=[1, 2, 3])
    current = profiles(age=counted([1, None, 3, 4], reference["age"], misfits=[1]))

    (m,) = Type().measure(SPEC, HOUR, reference, current)

    assert (m.feature, m.value, m.expected, m.p_value) == ("age", 0.25, 0, None)


def test_misfits_as_in_the_reference_are_likely():
    reference = profiles(age=counted([1, None, 3, 4], misfits=[1]))
    current = profiles(age=counted([1, None, 3, 4], reference["age"], misfits=[1]))

    (m,) = Type().measure(SPEC, HOUR, reference, current)

    assert m.p_value == 1


def test_a_feature_that_no_row_has_is_not_measured():
    current = profiles(age=counted([None, None], absent=[0, 1]))

    assert not list(Type().measure(SPEC, HOUR, profiles(age=[1]), current))
