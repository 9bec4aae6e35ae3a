import math
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.rows import EPOCH
from monitor.core.spec import FeatureType
from monitor.store.columns import typed
from monitor.store.guessing import guess
from monitor.store.written import as_json

MOON = datetime(1969, 7, 20, 20, 17, 40)  # noqa: DTZ001  columns hold UTC without saying so


@pytest.mark.parametrize(
    ("kind", "sent", "held", "misfits"),
    [
        (FeatureType.NUMBER, [1, 2.5, None], [1.0, 2.5, None], []),
        (FeatureType.NUMBER, ["abc", "42", 3], [None, 42.0, 3.0], [(0, "abc"), (1, "42")]),
        (FeatureType.NUMBER, [True, [1], {}], [None] * 3, [(0, True), (1, [1]), (2, {})]),
        (FeatureType.NUMBER, [2**53 + 1], [float(2**53 + 1)], [(0, 2**53 + 1)]),
        (FeatureType.NUMBER, [10**400], [None], [(0, 10**400)]),
        (FeatureType.NUMBER, [Decimal("1.5")], [1.5], []),
        (FeatureType.BOOLEAN, [True, None, 0, 1.0], [True, None, False, True], []),
        (
            FeatureType.BOOLEAN,
            ["True", "no", 2],
            [True, None, None],
            [(0, "True"), (1, "no"), (2, 2)],
        ),
        (FeatureType.CATEGORY, ["a", "", None], ["a", "", None], []),
        (FeatureType.CATEGORY, [1, 2.0, True, 0.5], ["1", "2", "true", "0.5"], []),
        (FeatureType.CATEGORY, [["a"], "b"], [None, "b"], [(0, ["a"])]),
        (FeatureType.CATEGORY, ["\ud800"], ["?"], [(0, "\ud800")]),
        (FeatureType.TIMESTAMP, ["1969-07-20T20:17:40Z"], [MOON], []),
        (FeatureType.TIMESTAMP, ["1969-07-20T22:17:40+02:00"], [MOON], []),
        (FeatureType.TIMESTAMP, [0], [EPOCH.replace(tzinfo=None)], []),
        (
            FeatureType.TIMESTAMP,
            ["soon", 1e300, True],
            [None] * 3,
            [(0, "soon"), (1, 1e300), (2, True)],
        ),
        (FeatureType.EMBEDDING, [[1, 2.5], None], [[1.0, 2.5], None], []),
        (FeatureType.EMBEDDING, [["a"], 3], [None, None], [(0, ["a"]), (1, 3)]),
    ],
)
def test_what_fits_is_held_and_what_does_not_is_kept_as_sent(kind, sent, held, misfits):
    fitted = typed(sent, kind)

    assert fitted.values.to_pylist() == held
    assert list(fitted.misfits) == misfits


def test_nan_and_infinity_are_values_and_not_missing():
    values = typed([math.nan, math.inf, None], FeatureType.NUMBER).values

    assert values.null_count == 1
    assert math.isnan(values[0].as_py())


@pytest.mark.parametrize(
    ("kind", "sent", "held"),
    [
        (FeatureType.NUMBER, pa.array([1, None], pa.int32()), [1.0, None]),
        (FeatureType.NUMBER, pa.array(["1", "x"]), [1.0, None]),
        (FeatureType.NUMBER, pa.chunked_array([[1.5], [2.5]]), [1.5, 2.5]),
        (FeatureType.NUMBER, pa.nulls(2), [None, None]),
        (FeatureType.CATEGORY, pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
        (FeatureType.CATEGORY, pa.array([1, 2]), ["1", "2"]),
        (FeatureType.BOOLEAN, pa.array([True, None]), [True, None]),
        (FeatureType.TIMESTAMP, pa.array([MOON.replace(tzinfo=UTC)]), [MOON]),
        (FeatureType.TIMESTAMP, pa.array([MOON]).cast(pa.timestamp("ns")), [MOON]),
        (FeatureType.EMBEDDING, pa.array([[1.0], None], pa.list_(pa.float32())), [[1.0], None]),
    ],
)
def test_arrow_columns_give_the_same(kind, sent, held):
    assert typed(sent, kind).values.to_pylist() == held


@given(
    st.sampled_from(FeatureType),
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: (
                st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2)
            ),
            max_leaves=4,
        ),
        max_size=5,
    ),
)
def test_no_value_can_break_a_column(kind, sent):
    fitted = typed(list(sent), kind)

    assert len(fitted.values) == len(sent)
    lost = [
        i
        for i, (v, h) in enumerate(zip(sent, fitted.values.to_pylist(), strict=True))
        if v is not None and h is None
    ]
    assert set(lost) <= {row for row, _ in fitted.misfits}
    for _, value in fitted.misfits:
        as_json(value)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2.5, None], FeatureType.NUMBER),
        ([1, 2, "x"], FeatureType.NUMBER),
        ([True, False], FeatureType.BOOLEAN),
        (["a", "b", "a"], FeatureType.CATEGORY),
        ([f"word {n}" for n in range(300)], FeatureType.TEXT),
        ([f"word {n % 100}" for n in range(300)], FeatureType.CATEGORY),
        (["2026-01-01", "2026-01-02T10:00:00Z"], FeatureType.TIMESTAMP),
        (["2024", "2025"], FeatureType.CATEGORY),
        ([[1.0, 2.0]], FeatureType.EMBEDDING),
        ([None], None),
        (pa.array([1, 2]), FeatureType.NUMBER),
    ],
)
def test_an_undeclared_feature_gets_the_type_of_most_of_its_values(values, kind):
    assert guess(values) is kind
