"""Values keep their meaning on the way into JSON."""

import json
import math
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchkeeper.wire import frozen, requests, single, text

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def same(one, other):
    """Equal, NaN included."""
    return json.dumps(one) == json.dumps(other)


@given(values)
def test_what_json_can_hold_comes_back_as_it_was(value):
    assert same(json.loads(text(frozen(value)[0])), value)


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: int


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal("1.5"), 1.5),
        (Colour.RED, "red"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (date(2024, 1, 2), "2024-01-02"),
        (datetime(2024, 1, 2, tzinfo=UTC), "2024-01-02T00:00:00.000000+00:00"),
        (timedelta(seconds=1.5), 1.5),
        (b"caf\xc3\xa9", "café"),
        ({1}, [1]),
        ((1, 2), [1, 2]),
        (OrderedDict(a=1), {"a": 1}),
        (MappingProxyType({"a": Decimal(1)}), {"a": 1.0}),
        (Point(1), {"x": 1}),
        (1 + 2j, "(1+2j)"),
        (np.array([[1, 2]]), [[1, 2]]),
        (np.array(["a", None], dtype=object), ["a", None]),
        (np.float16(0.5), 0.5),
        (np.str_("a"), "a"),
        (np.datetime64("2024-01-02", "ns"), "2024-01-02T00:00:00.000000+00:00"),
        (np.datetime64("NaT", "us"), None),
        (pd.NaT, None),
        (pd.NA, None),
        (pd.Series([1, 2]), [1, 2]),
        (pd.Timedelta("1s"), 1.0),
        (10**30, 10**30),
    ],
)
def test_values_of_many_libraries_have_a_json(value, written):
    assert json.loads(text(frozen(value)[0])) == written
    assert json.loads(text(value)) == written


@pytest.mark.parametrize(
    "value", [1, [1], np.array([1]), np.array([[1]]), np.int64(1), pd.Series([1])]
)
def test_the_only_value_of_an_array_is_meant_and_a_list_stays_a_list(value):
    assert single(value) == ([1] if isinstance(value, list) else 1)


def test_not_a_number_stays_that():
    assert math.isnan(single(np.float64("nan")))
    assert single(np.array([])).tolist() == []


@given(st.lists(st.integers(1, 30), max_size=30), st.integers(1, 5), st.integers(10, 100))
def test_bodies_hold_every_row_in_order_within_the_bounds(sizes, limit_rows, limit_bytes):
    rows = [b'"' + b"x" * size + b'"' for size in sizes]

    made = list(requests("actuals", rows, limit_rows, limit_bytes))

    assert [row for one in made for row in json.loads(one.body)] == ["x" * size for size in sizes]
    for one in made:
        assert one.rows == len(json.loads(one.body)) <= limit_rows
        assert len(one.body) <= limit_bytes or one.rows == 1
