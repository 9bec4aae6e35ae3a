"""Rows that break the rules of a spec."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import NOON, body, predictions, sent, store_with

from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Window
from monitor.store.rules import StoredRules

DAY = Window(NOON - timedelta(hours=12), NOON + timedelta(hours=12))
SPEC = ModelSpec(
    Task.BINARY,
    rules={
        "young": "age < 60 OR city = 'Rome'",
        "sure": "score > 0.2",
        "early": "timestamp < '2026-03-01T13:00:00Z'",
        "absent": "nobody = 1",
        "wrong": "city > 5 + age",
    },
)


@pytest.fixture
def store(tmp_path):
    store = store_with(tmp_path, SPEC)
    yield store
    store.close()


def rules_of(store):
    return StoredRules(store.database, store.catalog, store.references)


def test_rows_that_break_a_rule_are_counted_and_named(store):
    sent(store, predictions(100))
    sent(store, predictions(20, 200, version="2", features={"age": 70, "city": "Oslo"}))

    found = rules_of(store).broken("m", "1", DAY)
    other = rules_of(store).broken("m", "2", DAY)

    assert found.keys() == {"young", "sure", "early"}
    assert (found["young"].rows, found["young"].hits) == (100, 10)
    assert found["young"].ids[:2] == ("p41", "p43")
    assert (found["sure"].hits, found["early"].hits) == (0, 40)
    assert (other["young"].hits, len(other["young"].ids)) == (20, 20)


def test_a_missing_value_breaks_no_rule(store):
    sent(store, [*predictions(1), *predictions(10, 10, features={"age": None, "city": "Oslo"})])

    assert rules_of(store).broken("m", "1", DAY)["young"].hits == 0


def test_the_reference_is_counted_too(store):
    store.references.put("m", body(predictions(50, features={"age": 70, "city": "Oslo"})))

    known = rules_of(store).broken_before("m", "1")

    assert (known["young"].rows, known["young"].hits) == (50, 50)


def test_features_in_a_further_table_are_found(store):
    wide = {f"x{n}": 1.0 for n in range(450)} | {"age": 70, "city": "Oslo"}
    sent(store, predictions(3, features=wide))
    store.catalog.declare("m", replace(SPEC, rules={"wide": "x449 <> 1 OR age < 60"}))

    assert rules_of(store).broken("m", "1", DAY)["wide"].rows == 3
