"""A stop between any two steps of folding, and steps that fail after they took effect."""

import shutil
from contextlib import suppress
from datetime import timedelta

import pytest
from builders import NOON, body, predictions, sent, store_at, store_with
from services import eventually

from monitor.core.errors import DiskError
from monitor.core.rows import Kind
from monitor.core.windows import Window
from monitor.store.segment import Head, segment_starts

HOUR = Window(NOON, NOON + timedelta(hours=1))
SOON = timedelta(seconds=20)


def ids(store):
    return [row["prediction_id"] for row in store.predictions.by_time("m", HOUR, 1000)[0]]


def folded(store):
    with suppress(DiskError):
        store.predictions.wait_folded(SOON)
        return True


def names(count):
    return [f"p{number}" for number in range(count)]


def test_segments_that_were_folded_are_deleted(tmp_path):
    store_with(tmp_path).close()
    store = store_at(tmp_path, segment_bytes=500)
    for number in range(30):
        sent(store, predictions(1, number))

    (start,) = segment_starts(tmp_path / "journal")
    assert start <= store.folder.position == store.journal.end
    assert ids(store) == names(30)
    store.close()


def test_segments_that_a_crash_kept_from_being_deleted_are_not_folded_again(tmp_path):
    store_with(tmp_path).close()
    store = store_at(tmp_path, segment_bytes=500)
    for number in range(20):
        store.predictions.append("m", Kind.PREDICTIONS, body(predictions(1, number))).result(10)
        shutil.copytree(tmp_path / "journal", tmp_path / "before", dirs_exist_ok=True)
    store.predictions.wait_folded(SOON)
    store.close()
    shutil.copytree(tmp_path / "before", tmp_path / "journal", dirs_exist_ok=True)
    assert len(segment_starts(tmp_path / "journal")) > 5

    store = store_at(tmp_path, segment_bytes=500)

    assert ids(store) == names(20)
    assert sent(store, predictions(21)).duplicates == 20
    assert ids(store) == names(21)
    assert len(segment_starts(tmp_path / "journal")) == 1
    store.close()


def test_a_step_that_fails_after_it_was_committed_is_not_repeated(tmp_path):
    store = store_with(tmp_path)
    sent(store, predictions(3))
    failures = iter([True])

    def fail_once(committed):
        if committed and store.database.read("SELECT rows FROM fold")[0][0] > 3 and any(failures):
            raise DiskError("after the commit")

    store.database.on_end.append(fail_once)
    store.predictions.append("m", Kind.PREDICTIONS, body(predictions(8))).result(10)
    store.predictions.append("m", Kind.PREDICTIONS, body(predictions(9, 1))).result(10)
    with pytest.raises(DiskError):
        store.predictions.wait_folded(SOON)
    again = store.predictions.append("m", Kind.PREDICTIONS, body(predictions(12))).result(10)
    eventually(lambda: folded(store))

    assert (again.accepted, again.duplicates) == (2, 10)
    assert not any(failures)
    assert ids(store) == names(12)
    assert store.profiles.profile("m", HOUR).rows == 12
    store.close()
    store = store_at(tmp_path)
    assert ids(store) == names(12)
    store.close()


def test_a_gap_at_the_end_of_the_journal_keeps_nobody_waiting(tmp_path):
    store = store_with(tmp_path)
    sent(store, predictions(2))
    end = store.journal.end
    store.close()
    (path,) = (tmp_path / "journal").iterdir()
    with path.open("ab") as file:
        file.write(Head(7, end, 0, is_gap=True).written() + b"damaged")

    store = store_at(tmp_path)

    store.predictions.wait_folded(timedelta(seconds=5))
    assert ids(store) == names(2)
    assert sent(store, predictions(3)).accepted == 1
    assert ids(store) == names(3)
    store.close()


def test_rows_of_a_model_whose_registration_failed_are_refused(tmp_path):
    store = store_with(tmp_path)
    told = []

    def look(committed):
        told.append((committed, store.catalog.names()))

    store.database.on_end.append(look)
    with pytest.raises(KeyError), store.database.transaction():
        store.catalog.declare("other", store.catalog.get("m"))
        assert store.catalog.names() == ["m", "other"]
        raise KeyError

    assert told == [(False, ["m"])]
    assert store.catalog.names() == ["m"]
    store.close()
