"""A model with more features than one table has columns for behaves like any other."""

import pyarrow.parquet as pq
import pytest
from alike import alike
from builders import NOON, actual, body, sent, store_with

from monitor.core.rows import Kind
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task
from monitor.core.windows import Window
from monitor.store.layout import PART

WIDTH = PART + 3
DAY = Window(NOON.replace(hour=0), NOON.replace(hour=23))
LAST = f"f{WIDTH - 1}"


@pytest.fixture
def store(tmp_path):
    opened = store_with(tmp_path)
    yield opened
    opened.close()


def features(number):
    """Numbers, but for the last, which is a category."""
    row = {f"f{n}": float(n + number) for n in range(WIDTH - 1)}
    return {**row, LAST: ["red", "blue"][number % 2]}


def row(number, **parts):
    return {
        "prediction_id": f"p{number}",
        "timestamp": NOON.isoformat(),
        "version": "1",
        "features": features(number),
        "prediction": number % 2,
    } | parts


def test_rows_samples_profiles_and_snapshots_hold_every_feature(store, tmp_path):
    sent(store, [row(n) for n in range(4)])
    sent(store, [row(4, features={"f0": 7}), row(5, features={LAST: "red"})])
    sent(store, [actual(n, n % 2) for n in range(6)], Kind.ACTUALS)
    given = [*map(features, range(4)), {"f0": 7}, {LAST: "red"}]

    shown = store.predictions.by_id("m", [f"p{n}" for n in range(6)])
    assert alike([r["features"] for r in shown], given)
    sample = store.predictions.sample("m", "1", DAY, 10, labelled=True)
    assert sample.prediction_ids == [f"p{n}" for n in range(6)]
    assert list(sample.labels[LAST]) == [g.get(LAST) for g in given]
    assert sample.numbers[f"f{WIDTH - 2}"][:4].tolist() == [WIDTH - 2.0 + n for n in range(4)]
    assert len(sample.numbers) == WIDTH - 1

    counted = store.profiles.profile("m", DAY)
    assert counted[LAST].categories == {"red": 3, "blue": 2}
    store.profiles.rebuild(store.catalog.table("m"))
    assert store.profiles.profile("m", DAY)[LAST].categories == counted[LAST].categories

    near = {"low": None, "high": WIDTH - 2 + 2.5, "limit": 9}
    assert store.predictions.outside("m", "1", DAY, f"f{WIDTH - 2}", **near) == [
        ("p3", WIDTH - 2 + 3.0)
    ]
    found = store.predictions.with_values("m", "1", DAY, LAST, values=["blue"], limit=9)
    assert found == {"blue": ["p1", "p3"]}

    file = tmp_path / "snapshot.parquet"
    assert store.snapshots.export("m", file, [])["rows"] == 6
    table = pq.read_table(file)
    assert table[f"features.{LAST}"].to_pylist() == [g.get(LAST) for g in given]
    assert table["features.f0"].to_pylist() == [g.get("f0") for g in given]


def test_a_type_of_a_further_table_changes(store):
    sent(store, [row(n) for n in range(3)])
    sent(store, [row(3, features={"f0": "x"})])
    kinds = {LAST: FeatureSpec(type=FeatureType.NUMBER), "f0": FeatureSpec(type=FeatureType.TEXT)}
    store.catalog.declare("m", ModelSpec(Task.BINARY, kinds))

    shown = store.predictions.by_id("m", [f"p{n}" for n in range(4)])
    assert [r.get("raw") for r in shown] == [{LAST: "red"}, {LAST: "blue"}, {LAST: "red"}, None]
    assert alike([r["features"]["f0"] for r in shown], [0.0, 1.0, 2.0, "x"])
    assert store.profiles.profile("m", DAY)[LAST].misfits == 3
    assert store.profiles.profile("m", DAY)["f0"].misfits == 0


def test_a_reference_is_replaced_in_every_table(store):
    for count in (5, 3):
        store.references.put("m", body([row(n, actual=n % 2) for n in range(count)]))
        sample = store.references.reference_sample("m", "1", 10, labelled=True)
        assert sample.rows == count
        assert list(sample.labels[LAST]) == [features(n)[LAST] for n in range(count)]
    ((rows,),) = store.database.read("SELECT count(*) FROM reference_1_part_1")
    assert rows == 3
