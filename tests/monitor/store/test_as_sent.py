"""Rows come out as they were put in: a property of every row, every type and every format."""

import json
import math
from datetime import UTC, datetime, timedelta
from itertools import count

import pyarrow as pa
import pytest
from alike import alike
from builders import NOON, sent, store_at
from hypothesis import HealthCheck, Phase, assume, example, given, settings
from hypothesis import strategies as st

from monitor.core.rows import Body, Kind
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task

patient = settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
texts = st.text(st.characters(codec="utf-8"), max_size=8)
times = st.datetimes(
    datetime(1800, 1, 1),  # noqa: DTZ001  as a column holds them
    datetime(2200, 1, 1),  # noqa: DTZ001
).map(lambda moment: moment.isoformat())
zones = st.sampled_from(["", "Z", "+00:00", "+02:00"])
scalars = (
    st.sampled_from([None, 0, 0.0, -0.0, False, True, 1, 1.0, "", "0", "true", "NaN", 2**53 + 1])
    | st.sampled_from([math.nan, math.inf, -math.inf, 2**64, -(2**70), 10**30, 1e22, 5e-324])
    | st.integers()
    | st.floats()
    | texts
    | st.tuples(times, zones).map("".join)
    | st.dates().map(str)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
names = texts | st.sampled_from(["", "features", "place", "prediction", "score", "features.score"])
features = st.dictionaries(names, values, max_size=4)
specs = st.dictionaries(names, st.sampled_from(FeatureType), max_size=3)
_models = count()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    opened = store_at(tmp_path_factory.mktemp("as_sent"))
    yield opened
    opened.close()


def model(store, task=Task.BINARY, types=()):
    """A new model with these types declared."""
    name = f"m{next(_models)}"
    given_types = {n: FeatureSpec(type=kind) for n, kind in dict(types).items()}
    store.catalog.declare(name, ModelSpec(task, given_types))
    return name


def as_sent(row):
    """The features of a shown row as they were sent, by what the reference says of `raw`."""
    raw, nonfinite = row.get("raw", {}), row.get("nonfinite", [])
    found = {}
    for name, value in row["features"].items():
        key = f"features.{name}" if name in PARTS or name.startswith("features.") else name
        found[name] = raw.get(key, value)
        if key in nonfinite:
            found[name] = numbers(found[name])
    return found


PARTS = {"prediction", "score", "latency_ms", "tags", "actual"}


def numbers(value):
    """The numbers that JSON does not have, from their names."""
    match value:
        case "NaN" | "Infinity" | "-Infinity":
            return float(value)
        case list():
            return [numbers(v) for v in value]
        case dict():
            return {k: numbers(v) for k, v in value.items()}
    return value


def named(value):
    """Whether a text inside a list or an object looks like the name of such a number."""
    match value:
        case list():
            return any(v in ("NaN", "Infinity", "-Infinity") or named(v) for v in value)
        case dict():
            return named(list(value.values()))
    return False


def whole_embedding(value):
    """What an embedding holds: doubles, whatever the numbers were."""
    return [float(v) if abs(v) < 1e300 else v for v in value]


def expected(value):
    """A list of numbers may come back as doubles; everything else as it was."""
    if isinstance(value, list) and value and all(type(v) in (int, float) for v in value):
        return [value, whole_embedding(value)]
    return [value]


def check(store, name, rows, prefix=""):
    ids = [f"{name}-{prefix}{n}" for n in range(len(rows))]
    sent_rows = [
        {"prediction_id": i, "timestamp": NOON.isoformat(), "features": row}
        for i, row in zip(ids, rows, strict=True)
    ]
    sent(store, sent_rows, model=name)
    shown = store.predictions.by_id(name, ids)
    json.dumps(shown, allow_nan=False)
    for row, found in zip(rows, map(as_sent, shown), strict=True):
        assert found.keys() == row.keys()
        for feature, value in row.items():
            if named(value):
                continue  # documented: beside a NaN such a text cannot be told from one
            assert any(alike(found[feature], e) for e in expected(value)), (feature, found, value)


@given(st.lists(features, min_size=1, max_size=4), specs)
@example([{"x": 1}, {"x": 1.0}, {"x": True}, {"x": "1"}, {"x": None}, {}], {})
@example([{"x": n} for n in (0, 0.0, -0.0, False, "", None, math.nan, "NaN")], {})
@example([{"x": 1, "y": "2026-01-01"}], {"x": FeatureType.CATEGORY, "y": FeatureType.TIMESTAMP})
@patient
def test_a_row_comes_back_as_it_was_sent(store, rows, types):
    name = model(store, types=types)
    check(store, name, rows)
    check(store, name, rows, "again-")  # now that every feature is known


@given(st.lists(features, min_size=1, max_size=3), specs, specs)
@patient
def test_a_row_comes_back_as_it_was_sent_after_its_types_have_changed(store, rows, before, after):
    name = model(store, types=before)
    check(store, name, rows)
    held = store.catalog.get(name)
    store.catalog.declare(
        name, ModelSpec(held.task, {n: FeatureSpec(type=k) for n, k in after.items()})
    )

    shown = store.predictions.by_id(name, [f"{name}-{n}" for n in range(len(rows))])
    for row, found in zip(rows, map(as_sent, shown), strict=True):
        assert found.keys() == row.keys()
        for feature, value in row.items():
            assert named(value) or any(alike(found[feature], e) for e in expected(value))


@given(st.lists(features, min_size=1, max_size=4), specs)
@patient
def test_columns_give_the_same_as_rows(store, rows, types):
    every = sorted({name for row in rows for name in row})
    assume(every)  # columns without a feature are refused
    filled = [{name: row.get(name) for name in every} for row in rows]
    ids = [str(n) for n in range(len(rows))]
    parts = {"prediction_id": ids, "timestamp": [NOON.isoformat()] * len(rows)}
    columns = {**parts, "features": {name: [row[name] for row in filled] for name in every}}
    by_rows, by_columns = model(store, types=types), model(store, types=types)
    sent(
        store,
        [{**{k: v[n] for k, v in parts.items()}, "features": row} for n, row in enumerate(filled)],
        model=by_rows,
    )
    sent(store, {"columns": columns}, model=by_columns)

    given_back = [store.predictions.by_id(name, ids) for name in (by_rows, by_columns)]
    for one, other in zip(*given_back, strict=True):
        del one["received_at"], other["received_at"]
        assert alike(one, other)


arrow_columns = st.sampled_from(
    [
        (pa.int8(), st.integers(-128, 127)),
        (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
        (pa.uint64(), st.integers(0, 2**64 - 1)),
        (pa.float64(), st.floats()),
        (pa.bool_(), st.booleans()),
        (pa.string(), texts),
        (pa.large_string(), texts),
        (pa.list_(pa.float64()), st.lists(st.floats(), max_size=3)),
    ]
).flatmap(
    lambda kind: st.tuples(st.just(kind[0]), st.lists(st.none() | kind[1], min_size=3, max_size=3))
)


@given(st.dictionaries(texts, arrow_columns, min_size=1, max_size=4), specs)
@patient
def test_arrow_columns_come_back_as_they_were_sent(store, columns, types):
    name = model(store, types=types)
    ids = ["a", "b", "c"]
    table = pa.table(
        {"prediction_id": ids}
        | {f"features.{n}": pa.array(held, kind) for n, (kind, held) in columns.items()}
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    content = Body(sink.getvalue().to_pybytes(), "application/vnd.apache.arrow.stream")
    store.predictions.append(name, Kind.PREDICTIONS, content).result(10)
    store.predictions.wait_folded(timedelta(seconds=10))

    found = [as_sent(row) for row in store.predictions.by_id(name, ids)]
    for n, row in enumerate(found):
        assert alike(row, {feature: held[n] for feature, (_, held) in columns.items()})


@pytest.mark.parametrize("task", Task)
def test_answers_that_do_not_fit_stand_in_raw(store, task):
    name = model(store, task)
    row = {"prediction_id": "a", "features": {"score": "x"}, "score": "high", "tags": [1]}
    sent(store, [row | {"prediction": math.nan, "latency_ms": -math.inf}], model=name)
    (shown,) = store.predictions.by_id(name, ["a"])

    assert shown["features"] == {"score": "x"}
    assert shown["raw"]["score"] == "high"
    assert shown["raw"]["tags"] == [1]
    assert shown["raw"]["prediction"] == "NaN"
    assert set(shown["nonfinite"]) == {"prediction", "latency_ms"}


def test_an_actual_that_is_no_number_stands_in_raw_until_one_can_be_read(store):
    name = model(store, Task.REGRESSION)
    sent(store, [{"prediction_id": "a", "features": {"x": 1}, "prediction": 2}], model=name)
    sent(store, [{"prediction_id": "a", "actual": "none"}], Kind.ACTUALS, name)
    (before,) = store.predictions.by_id(name, ["a"])
    sent(store, [{"prediction_id": "a", "actual": 3}], Kind.ACTUALS, name)
    (after,) = store.predictions.by_id(name, ["a"])

    assert (before["actual"], before["raw"]) == (None, {"actual": "none"})
    assert after["actual"] == 3
    assert "raw" not in after


actuals = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=4).flatmap(
    lambda given: st.tuples(st.just(given), st.permutations(range(len(given) + 1)))
)


@given(actuals, st.booleans())
@patient
def test_the_latest_actual_holds_in_whatever_order_they_come(store, drawn, together):
    """The prediction is the last of the order's numbers; of one time the later arrival holds."""
    given_actuals, order = drawn
    name = model(store)
    row = {"prediction_id": "a", "timestamp": NOON.isoformat(), "features": {"x": 1}}
    batch = []
    arrived = []
    for number in order:
        if number == len(given_actuals):
            sent(store, [row], model=name)
            continue
        hours, value = given_actuals[number]
        moment = datetime(2026, 4, 1, hours, tzinfo=UTC).isoformat()
        batch.append({"prediction_id": "a", "timestamp": moment, "actual": value})
        arrived.append((hours, value))
        if not together:
            sent(store, [batch.pop()], Kind.ACTUALS, name)
    if batch:
        sent(store, batch, Kind.ACTUALS, name)

    latest = max(hours for hours, _ in arrived)
    (shown,) = store.predictions.by_id(name, ["a"])
    assert shown["actual"] == [value for hours, value in arrived if hours == latest][-1]
    (shown,) = store.predictions.by_id(name, ["a"])
    sample = store.predictions.sample(name, "", store.profiles.extent(name), 10, labelled=True)
    assert list(sample.actual) == [str(shown["actual"])]
