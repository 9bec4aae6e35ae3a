import numpy as np
import pytest
from builders import NOON, store_with

from monitor.core.rows import microseconds
from monitor.core.windows import Window
from monitor.store.gathering import Gathered
from monitor.store.layout import MOST_FEATURES
from monitor.store.tables import Tables

DAY = Window(NOON.replace(hour=0), NOON.replace(hour=23))


@pytest.fixture
def store(tmp_path):
    opened = store_with(tmp_path)
    yield opened
    opened.close()


def gathered(rows):
    """Rows of features, sent at noon; a name that a row lacks was not sent."""
    size = len(rows)
    at = np.full(size, microseconds(NOON))
    names = dict.fromkeys(name for row in rows for name in row)
    return Gathered(
        size,
        [f"p{n}" for n in range(size)],
        at,
        at,
        features={name: [row.get(name) for row in rows] for name in names},
        absent={name: np.array([name not in row for row in rows]) for name in names},
    )


def added(store, tables, rows, place=0):
    with store.database.transaction():
        table, batch = tables.add_predictions("m", gathered(rows), place)
        store.profiles.add(table, batch)
    return table


def test_features_past_the_most_are_kept_with_their_rows_and_counted_as_rows(store):
    rows = [{"a": 1, "b": "x", "c": 2.5, "d": [1]}, {"a": 2, "c": None}, {"e": False}]
    table = added(store, Tables(store.database, store.catalog, most=2), rows)

    assert list(table.columns) == ["a", "b"]
    shown = store.predictions.by_id("m", ["p0", "p1", "p2"])
    assert [row["features"] for row in shown] == rows
    assert store.profiles.profile("m", DAY).beyond == 2
    store.profiles.rebuild(table)
    assert store.profiles.profile("m", DAY).beyond == 2


def test_a_feature_that_is_always_null_has_no_column_until_it_has_a_value(store):
    tables = Tables(store.database, store.catalog)
    assert list(added(store, tables, [{"a": None}]).columns) == []
    assert store.predictions.by_id("m", ["p0"])[0]["features"] == {"a": None}
    assert store.profiles.profile("m", DAY).beyond == 0

    assert list(added(store, tables, [{}, {"a": 1}], place=1).columns) == ["a"]
    first, second = (
        row["features"]
        for row in store.predictions.by_time("m", DAY, 10)[0]
        if row["prediction_id"] == "p0"
    )
    assert (first, second) == ({"a": None}, {})


@pytest.mark.parametrize("rows", [0, 5])
def test_many_features_at_once_get_columns_like_few(store, rows):
    tables = Tables(store.database, store.catalog)
    if rows:
        added(store, tables, [{"f0": n} for n in range(rows)])
    wide = {f"f{n}": n / 8 for n in range(600)}
    table = added(store, tables, [wide, {}], place=rows)

    assert len(table.columns) == 600 < MOST_FEATURES
    store.catalog.reload()
    assert store.catalog.table("m").columns == table.columns
    page, _ = store.predictions.by_time("m", DAY, 100)
    assert [row["features"] for row in page] == [{"f0": n} for n in range(rows)] + [wide, {}]
