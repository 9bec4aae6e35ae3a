"""Columns that hold each other's values."""

import numpy as np
from counted import HOUR, profiles

from monitor.core.spec import ModelSpec, Task
from monitor.detectors.quality.schema import Schema
from monitor.detectors.quality.swaps import swaps


def feed(seed, n=1000, order=("a", "b", "c", "x", "y")):
    rng = np.random.default_rng(seed)
    columns = [
        rng.normal(170, 9, n).tolist(),
        rng.normal(75, 9, n).tolist(),
        rng.normal(10, 1, n).tolist(),
        rng.choice(["loan", "card"], n).tolist(),
        rng.choice(["cash", "cheque"], n).tolist(),
    ]
    return dict(zip(order, columns, strict=True))


BEFORE = profiles(**feed(1))


def found(now):
    return {s.feature: s.like for s in swaps(BEFORE, profiles(BEFORE, **now))}


def test_an_ordinary_window_has_none():
    assert found(feed(2)) == {}


def test_swapped_numbers_and_categories_are_named_with_each_other():
    now = found(feed(2, order=("b", "a", "c", "y", "x")))

    assert now == {"a": "b", "b": "a", "x": "y", "y": "x"}


def test_columns_shifted_by_one_are_found():
    assert found(feed(2, order=("b", "c", "a", "x", "y"))) == {"a": "c", "b": "a", "c": "b"}


def test_a_single_row_of_swapped_categories_is_enough():
    now = feed(2)
    now["x"][7], now["y"][7] = now["y"][7], now["x"][7]

    assert found(now) == {"x": "y", "y": "x"}


def test_new_values_and_drift_are_no_swap():
    now = feed(2)
    now["x"][7], now["a"] = "mortgage", [v - 95 for v in now["a"]]  # like b, but b did not move

    assert found(now) == {}


def test_the_schema_says_so():
    now = profiles(BEFORE, **feed(2, order=("b", "a", "c", "x", "y")))

    told = list(Schema().measure(ModelSpec(Task.BINARY), HOUR, BEFORE, now))

    swapped = {m.feature: m.evidence["like"] for m in told if m.method == "swapped"}
    assert swapped == {"a": "b", "b": "a"}
    assert all(m.p_value < 1e-6 for m in told if m.method == "swapped")


def test_a_column_under_a_name_spelt_otherwise_is_named():
    columns = feed(2)
    columns["A"] = columns.pop("a")
    before = profiles(**{"account_id": [1.0] * 50, "a": [1.0] * 50})
    renamed = profiles(**{"acount_id": [1.0] * 50, "A": [2.0] * 50})

    told = Schema().measure(ModelSpec(Task.BINARY), HOUR, before, renamed)

    assert {m.feature: m.evidence.get("renamed") for m in told if m.method == "extra_column"} == {
        "acount_id": "account_id",
        "A": "a",
    }
