"""What is wrong with values that do not fit."""

import pytest

from monitor.core.spec import FeatureType
from monitor.detectors.quality.cure import cure

NUMBER, BOOLEAN, TIMESTAMP = FeatureType.NUMBER, FeatureType.BOOLEAN, FeatureType.TIMESTAMP


@pytest.mark.parametrize(
    ("values", "kind", "name"),
    [
        (["12,5", "1.234,50", "-3,1"], NUMBER, "decimal comma"),
        (["1,234.50", "12,345", "1'000"], NUMBER, "thousands separator"),
        (["$12.50", "€ 3", "99 EUR", "5%"], NUMBER, "currency or percent sign"),
        (["72 kg", "1.8m"], NUMBER, "number with its unit"),
        (["34", "5e3", "-.5"], NUMBER, "number as text"),
        (["n/a", "NULL", "", "?"], NUMBER, "placeholder for a missing value"),
        (["yes", "No", "Y", "off"], BOOLEAN, "word for true or false"),
        (["31/12/2025", "1.2.2026"], TIMESTAMP, "day first"),
        (["12/31/2025", "12/30/2025"], TIMESTAMP, "month first"),
        (["1767225600", "1767225600000"], TIMESTAMP, "epoch time as text"),
        (["12,5"] * 8 + ["x"] * 2, NUMBER, "decimal comma"),
    ],
)
def test_what_a_person_would_see_is_named(values, kind, name):
    assert cure(values, kind) == name


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([], NUMBER),
        (["12,5", "abc"], NUMBER),
        ([{"a": 1}, [2]], NUMBER),
        (["perhaps"], BOOLEAN),
        (["soon"], TIMESTAMP),
        (["x"], FeatureType.EMBEDDING),
        (["x"], None),
    ],
)
def test_what_nothing_explains_has_no_cure(values, kind):
    assert cure(values, kind) is None
