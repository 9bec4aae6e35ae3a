from datetime import UTC, datetime, timedelta

import pytest
from alike import alike
from builders import (
    NOON,
    actual,
    body,
    generator,
    milliseconds,
    prediction,
    predictions,
    sent,
    store_at,
    store_with,
)

from monitor.core.errors import DataDirectoryError, QueryError, SpecError, UnknownModelError
from monitor.core.rows import Kind
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task, WindowSpec
from monitor.core.windows import Window

DAY = Window(NOON - timedelta(days=1), NOON + timedelta(days=1))


@pytest.fixture
def store(tmp_path):
    store = store_with(tmp_path)
    yield store
    store.close()


def ids(rows):
    return [row["prediction_id"] for row in rows]


def test_rows_come_back_as_they_were_sent(store):
    row = prediction(1, tags={"source": "a"}, latency_ms=12.5)

    assert sent(store, [row]).accepted == 1

    (held,) = store.predictions.by_id("m", ["p1", "nobody"])
    for name in (
        "prediction_id",
        "version",
        "features",
        "prediction",
        "score",
        "tags",
        "latency_ms",
    ):
        assert held[name] == row[name]
    assert held["timestamp"] == "2026-03-01T12:01:00Z"
    assert held["actual"] is None


def test_the_same_id_is_a_duplicate_in_one_body_in_a_later_one_and_after_a_restart(tmp_path):
    store = store_with(tmp_path)
    assert sent(store, [prediction(1), prediction(1), prediction(2)]).duplicates == 1
    assert sent(store, [prediction(2, score=0.9)]).duplicates == 1
    store.close()

    store = store_at(tmp_path)
    done = sent(store, [prediction(1), prediction(3)])

    assert (done.accepted, done.duplicates, done.versions) == (1, 1, {"1": 1})
    assert ids(store.predictions.by_time("m", DAY, 10)[0]) == ["p1", "p2", "p3"]
    store.close()


def test_a_row_without_an_id_or_a_time_gets_both(store):
    sent(store, [{"features": {"x": 1}}, {"features": {"x": 2}}])

    now = datetime.now(UTC)
    rows, _ = store.predictions.by_time("m", Window(now - timedelta(minutes=1), now), 10)
    assert len(set(ids(rows))) == 2
    assert all(i.startswith("wk-") for i in ids(rows))


def test_a_bad_value_is_kept_beside_the_row(store):
    sent(store, predictions(3))
    sent(store, [prediction(9, features={"age": "abc", "city": 7}, score="high", tags=3)])

    (row,) = store.predictions.by_id("m", ["p9"])
    assert row["features"] == {"age": None, "city": 7}
    assert row["raw"] == {"age": "abc", "score": "high", "tags": 3}
    profile = store.profiles.profile("m", DAY)
    assert (profile["age"].rows, profile["age"].missing, profile["age"].misfits) == (4, 1, 1)
    assert store.predictions.misfits("m", "1", DAY, "age", limit=5) == [("p9", "abc")]


def test_nan_is_no_missing_value_and_zero_is_no_false_one(store):
    values = [0, 0.0, float("nan"), None, float("inf")]
    sent(store, [prediction(n, features={"x": v, "s": ""}) for n, v in enumerate(values)])

    x = store.profiles.profile("m", DAY)["x"]
    assert (x.missing, x.nonfinite, x.total) == (1, 2, 0.0)
    (row,) = store.predictions.by_id("m", ["p2"])
    assert row["features"] == {"x": None, "s": ""}
    assert row["raw"] == {"x": "NaN"}


@pytest.mark.parametrize("name", ["order", "at", 'a"b', "drop table x;--", "", "ünïcode 🙂", "a.b"])
def test_any_name_of_a_feature_is_just_a_name(store, name):
    sent(store, [prediction(1, features={name: 1.5})])

    assert store.predictions.by_id("m", ["p1"])[0]["features"] == {name: 1.5}
    assert store.profiles.profile("m", DAY)[name].total == 1.5


def test_the_latest_actual_holds_in_whatever_order_they_come(store):
    late, early = "2026-03-03T00:00:00Z", "2026-03-02T00:00:00Z"
    sent(store, [actual(1, 1, timestamp=late), actual(2, 0)], Kind.ACTUALS)
    sent(store, predictions(3))
    sent(store, [actual(1, 0, timestamp=early)], Kind.ACTUALS)

    rows = store.predictions.by_id("m", ["p0", "p1", "p2"])

    assert [row["actual"] for row in rows] == [None, 1, 0]


def test_each_labelled_row_is_streamed_once_when_it_is_complete(store):
    sent(store, predictions(4))
    sent(store, [actual(1, 1), actual(7, 0)], Kind.ACTUALS)
    first = store.ledger.newly_labelled("m", 0)
    sent(store, [prediction(7), actual_free := prediction(8)])
    sent(store, [actual(1, 0, timestamp="2026-04-01T00:00:00Z"), actual(0, 1)], Kind.ACTUALS)
    second = store.ledger.newly_labelled("m", first.upto)

    assert first.rows["1"].prediction_ids == ["p1"]
    assert second.rows["1"].prediction_ids == ["p7", "p0"]  # p1 was corrected, not completed
    assert list(second.rows["1"].actual) == ["0", "1"]
    assert store.ledger.newly_labelled("m", second.upto).rows == {}
    assert actual_free["prediction_id"] == "p8"


def test_pages_of_rows_join_without_a_gap(store):
    sent(store, predictions(25))
    seen, cursor = [], None
    while True:
        page, cursor = store.predictions.by_time("m", DAY, 10, cursor)
        seen += ids(page)
        if cursor is None:
            break

    assert seen == [f"p{n}" for n in range(25)]


@pytest.mark.parametrize(
    "cursor",
    ["nonsense", "1--1", "9" * 5000 + "-1", f"{2**63 - 1}-1", "1-999999999999999999999"],
)
def test_a_cursor_that_no_page_gave_is_refused(store, cursor):
    with pytest.raises(QueryError, match=r"cursor: .+ is no"):
        store.predictions.by_time("m", DAY, 10, cursor)


def test_unknown_models_are_said_by_name(store):
    with pytest.raises(UnknownModelError, match="no model 'mm'; did you mean 'm'"):
        store.predictions.append("mm", Kind.PREDICTIONS, body([]))


def test_a_second_service_may_not_use_the_same_directory(store, tmp_path):
    with pytest.raises(DataDirectoryError, match="another process"):
        store_at(tmp_path)


def test_a_task_stays_for_good(store):
    with pytest.raises(SpecError, match="task stays"):
        store.catalog.declare("m", ModelSpec(Task.REGRESSION))


def test_a_regression_model_keeps_numbers(tmp_path):
    store = store_with(tmp_path, ModelSpec(Task.REGRESSION))
    sent(store, [prediction(1, prediction=2.5, score=None), prediction(2, prediction="x")])
    sent(store, [actual(1, 3)], Kind.ACTUALS)

    first, second = store.predictions.by_id("m", ["p1", "p2"])
    assert (first["prediction"], first["actual"]) == (2.5, 3.0)
    assert (second["prediction"], second["raw"]) == (None, {"prediction": "x"})
    assert store.predictions.sample("m", "1", DAY, 10, labelled=True).actual.tolist() == [3.0]
    store.close()


def test_scores_by_class_come_back_and_can_be_computed_with(tmp_path):
    store = store_with(tmp_path, ModelSpec(Task.MULTICLASS))
    sent(store, [prediction(1, prediction="a", score={"a": 0.5, "b": 0.5})])

    assert store.predictions.by_id("m", ["p1"])[0]["score"] == {"a": 0.5, "b": 0.5}
    assert store.predictions.sample("m", "1", DAY, 10).scores["b"].tolist() == [0.5]
    store.close()


def test_a_snapshot_leaves_out_what_is_excluded_and_repeats_to_the_byte(store, tmp_path):
    sent(store, predictions(50))
    sent(store, [actual(n, n % 2) for n in range(50)], Kind.ACTUALS)
    out = Window(NOON, NOON + timedelta(minutes=10))

    first = store.snapshots.export("m", tmp_path / "a.parquet", [out])
    second = store.snapshots.export("m", tmp_path / "b.parquet", [out])

    assert first["rows"] == 40
    assert first["sha256"] == second["sha256"]
    assert store.snapshots.label_counts("m") == {"": 50, "0": 25, "1": 25}


def test_a_window_is_due_when_a_later_row_has_come_and_not_again_once_done(store):
    sent(store, predictions(90))  # 12:00 to 13:29

    (due,) = store.ledger.due("m", datetime.now(UTC))
    assert due.start == NOON
    store.ledger.done("m", due, store.ledger.folded_upto())
    assert store.ledger.due("m", datetime.now(UTC)) == []

    sent(store, [prediction(5, prediction_id="late")])
    assert [w.start for w in store.ledger.due("m", datetime.now(UTC))] == [NOON]


def test_rows_that_come_while_a_window_is_checked_make_it_due_again(store):
    sent(store, predictions(90))
    upto = store.ledger.folded_upto()
    sent(store, [prediction(5, prediction_id="late")])

    store.ledger.done("m", store.ledger.due("m", datetime.now(UTC))[0], upto)

    assert len(store.ledger.due("m", datetime.now(UTC))) == 1


def test_the_last_window_is_due_when_the_traffic_has_stopped(tmp_path):
    store = store_at(tmp_path, idle=timedelta(0))
    store.catalog.declare("m", ModelSpec(Task.BINARY))
    sent(store, predictions(10))

    assert [w.start for w in store.ledger.due("m", datetime.now(UTC))] == [NOON]
    assert store.ledger.due("m", NOON) == []
    store.close()


def test_a_feature_whose_type_changes_keeps_what_can_be_read(store):
    sent(store, [prediction(1, features={"x": "7"}), prediction(2, features={"x": "blue"})])
    number = {"x": FeatureSpec(type=FeatureType.NUMBER)}
    store.catalog.declare("m", ModelSpec(Task.BINARY, number))

    assert [r["features"]["x"] for r in store.predictions.by_id("m", ["p1", "p2"])] == [7.0, None]
    assert store.profiles.profile("m", DAY)["x"].total == 7.0


def test_what_failed_in_a_transaction_leaves_no_trace(store):
    def failing():
        with store.ledger.transaction():
            store.ledger.advance("m", store.ledger.progress("m"))
            store.catalog.declare("n", ModelSpec(Task.BINARY))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        failing()
    store.catalog.reload()

    assert store.catalog.names() == ["m"]


def test_a_type_change_reads_whole_numbers_and_misfits_anew(store):
    sent(store, [prediction(n, features={"k": v}) for n, v in enumerate([1, 2.0, 0.5, "blue"])])
    category = {"k": FeatureSpec(type=FeatureType.CATEGORY)}
    store.catalog.declare("m", ModelSpec(Task.BINARY, category))

    rows = store.predictions.by_id("m", ["p0", "p1", "p2", "p3"])
    assert alike([r["features"]["k"] for r in rows], [1, 2.0, 0.5, "blue"])
    assert not any("raw" in r for r in rows)
    sample = store.predictions.sample("m", "1", DAY, 10)
    assert list(sample.labels["k"]) == ["1", "2", "0.5", "blue"]
    assert store.profiles.profile("m", DAY)["k"].misfits == 0


def test_what_is_unchecked_stays_so_when_windows_are_cut_finer(store):
    sent(store, predictions(90))
    quarters = WindowSpec(every=timedelta(minutes=15))
    store.catalog.declare("m", ModelSpec(Task.BINARY, window=quarters))

    due = store.ledger.due("m", datetime.now(UTC))

    assert [w.start.minute for w in due] == [0, 15, 30, 45, 0]


def test_labels_of_one_body_are_streamed_by_event_time_whatever_their_order_in_it(store):
    sent(store, predictions(20))
    shuffled = generator(1).permutation(20).tolist()
    sent(store, [actual(n, n % 2) for n in shuffled], Kind.ACTUALS)

    streamed = store.ledger.newly_labelled("m", 0).rows["1"]

    assert list(streamed.prediction_ids) == [f"p{n}" for n in range(20)]


def test_a_body_that_cannot_be_admitted_leaves_its_neighbours_alone(store, monkeypatch):
    sent(store, predictions(3))
    real = store.door._seen("m")._stored

    def failing(ids, places):
        if "p1" in ids:
            raise RuntimeError("the tables cannot be read")
        return real(ids, places)

    monkeypatch.setattr(store.door._seen("m"), "_stored", failing)
    bad = store.predictions.append("m", Kind.PREDICTIONS, body([prediction(1)]))
    good = store.predictions.append("m", Kind.PREDICTIONS, body([prediction(9)]))

    with pytest.raises(RuntimeError):
        bad.result(5)
    assert good.result(5).accepted == 1
    monkeypatch.undo()
    assert sent(store, [prediction(1)]).duplicates == 1
    assert sent(store, [prediction(9)]).duplicates == 1


def test_an_id_that_the_service_made_is_known_when_it_is_sent(store):
    sent(store, [{"features": {"x": 1}, "timestamp": milliseconds(NOON)}])
    ((row,), _) = store.predictions.by_time("m", DAY, 10)

    assert sent(store, [prediction(1, prediction_id=row["prediction_id"])]).duplicates == 1
