"""Two halves make one row, whatever their order, and nothing that was acknowledged gets lost."""

import errno
import os
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta

import pytest
from builders import store_with
from services import eventually

from monitor.core.errors import JournalFullError, NotReadyError, UnavailableError
from monitor.core.halves import Half, Side
from monitor.core.rows import microseconds
from monitor.store.halves import Halves

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def request(event="e", rows=1, model="m", **parts):
    made = [{"features": {"age": 40 + i}} for i in range(rows)]
    half = {"component": "predictor", "timestamp": None, "rows": made} | parts
    return Half(model, event, side=Side.REQUEST, **half)


def response(event="e", rows=1, model="m", **parts):
    made = [{"prediction": i % 2} for i in range(rows)]
    half = {"component": "predictor", "timestamp": None, "rows": made} | parts
    return Half(model, event, side=Side.RESPONSE, **half)


class Room:
    """A store, the halves beside it, and a clock that one can set."""

    def __init__(self, directory):
        self.directory = directory
        self.now = NOON
        self.stored, self.alone = [], []
        self.store = store_with(directory / "data")
        self.halves = None
        self.open()

    def open(self):
        self.halves = Halves(
            self.directory / "halves",
            self.store.predictions,
            lambda: self.now,
            lambda model, done: self.stored.append(done),
            lambda model, side: self.alone.append(side),
        )

    def again(self):
        self.halves.close()
        self.open()

    def add(self, *halves):
        return list(self.halves.add(halves).result(10))

    def rows(self, *ids, model="m"):
        self.store.predictions.wait_folded(timedelta(seconds=10))
        return {r["prediction_id"]: r for r in self.store.predictions.by_id(model, ids)}

    def row(self, *ids):
        return eventually(lambda: self.rows(*ids), 10)

    def settled(self):
        eventually(lambda: not self.halves.waiting, 10)

    def close(self):
        self.halves.close()
        self.store.close()


@pytest.fixture
def room(tmp_path):
    room = Room(tmp_path)
    yield room
    room.close()


@pytest.mark.parametrize("order", [(request, response), (response, request)])
def test_halves_meet_in_any_order(room, order):
    first, second = order

    assert room.add(first()) == [True]
    assert room.rows("e") == {}
    assert room.add(second()) == [True]
    row = room.row("e")["e"]

    assert (row["features"], row["prediction"]) == ({"age": 40}, 0)
    assert datetime.fromisoformat(row["timestamp"]) == NOON


def test_several_rows_have_numbered_ids(room):
    room.add(request(rows=3), response(rows=3))
    room.settled()

    found = room.rows("e", "e-0", "e-1", "e-2")
    assert {i: (r["features"]["age"], r["prediction"]) for i, r in found.items()} == {
        "e-0": (40, 0),
        "e-1": (41, 1),
        "e-2": (42, 0),
    }


def test_the_same_half_again_is_a_duplicate_before_and_after_it_met(room):
    assert room.add(request(), request()) == [True, False]
    assert room.add(request()) == [False]
    room.add(response())
    room.settled()

    assert room.add(request(), response()) == [False, False]
    room.again()
    assert room.add(request(), response()) == [False, False]
    assert room.halves.waiting == 0


def test_halves_meet_after_a_restart(room):
    room.add(*(request(f"e{i}") for i in range(20)))
    room.again()
    assert room.halves.waiting == 20
    room.add(*(response(f"e{i}") for i in range(20)))
    room.settled()

    assert len(room.rows(*(f"e{i}" for i in range(20)))) == 20
    assert room.alone == []


def test_a_pair_whose_end_was_not_written_down_is_stored_once(room, monkeypatch):
    monkeypatch.setattr("monitor.store.meeting.Meeting.ends", lambda self: [])
    room.add(request(), response())
    room.settled()
    room.halves.close()
    monkeypatch.undo()
    room.open()
    room.settled()

    assert [done.accepted for done in room.stored] == [1, 0]
    assert [done.duplicates for done in room.stored] == [0, 1]


def test_a_request_that_waits_too_long_is_stored_without_a_prediction(room):
    room.add(request())
    room.now += timedelta(minutes=11)
    row = room.row("e")["e"]

    assert row["prediction"] is None
    assert room.alone == [Side.REQUEST]
    assert room.add(request()) == [False]


def test_a_response_that_waits_too_long_is_stored_without_features(room):
    room.add(response())
    room.now += timedelta(minutes=11)

    assert room.row("e.response")["e.response"]["prediction"] == 0
    assert room.alone == [Side.RESPONSE]


def test_a_response_that_comes_after_its_request_went_alone_is_kept_too(room):
    room.add(request())
    room.now += timedelta(minutes=11)
    room.row("e")
    room.add(response())
    room.now += timedelta(minutes=11)

    assert room.row("e.response")["e.response"]["prediction"] == 0
    assert room.rows("e")["e"]["prediction"] is None


def test_a_response_whose_event_was_stored_long_ago_is_no_second_row(room, monkeypatch):
    monkeypatch.setattr("monitor.store.meeting._REMEMBERED", 0)
    room.add(request(rows=2), response(rows=2))
    room.settled()
    assert room.add(response(rows=2), request(rows=2, component="x")) == [True, True]
    room.now += timedelta(minutes=11)
    room.settled()

    assert set(room.rows("e-0", "e-1", "e.response-0", "e.response-1")) == {"e-0", "e-1"}


def test_a_restart_gives_every_half_its_time_anew(room):
    room.add(request())
    room.halves.close()
    room.now += timedelta(hours=1)
    room.open()
    assert room.add(response()) == [True]
    room.settled()

    assert room.row("e")["e"]["prediction"] == 0


def test_what_takes_too_much_memory_waits_no_longer(room, monkeypatch):
    monkeypatch.setattr("monitor.store.meeting.HELD_BYTES", 1000)
    room.add(*(request(f"e{i}") for i in range(20)))
    eventually(lambda: room.alone, 10)

    assert 0 < room.halves.waiting < 20
    assert "e0" in room.rows("e0", "e19")


def test_halves_of_two_components_do_not_meet(room):
    room.add(request(component="transformer"), response(component="predictor"))

    assert room.halves.waiting == 2


def test_event_time_is_that_of_the_request(room):
    early, late = (microseconds(NOON - timedelta(days=n)) for n in (2, 1))
    room.add(request(timestamp=early), response(timestamp=late))

    row = room.row("e")["e"]
    assert datetime.fromisoformat(row["timestamp"]) == NOON - timedelta(days=2)


def test_a_full_disk_refuses_and_forgets(room, monkeypatch):
    def full(descriptor, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("monitor.store.journal.os.write", full)
    with pytest.raises(JournalFullError):
        room.add(request())
    monkeypatch.undo()

    assert room.add(request()) == [True]


def test_pairs_wait_while_the_rows_cannot_be_stored(room, monkeypatch):
    append = room.store.predictions.append
    refused = []

    def refuse(*sent):
        refused.append(sent)
        future = Future()
        future.set_exception(UnavailableError("full"))
        return future

    monkeypatch.setattr(room.store.predictions, "append", refuse)
    room.add(request(), response())
    eventually(lambda: len(refused) > 1, 10)
    assert room.halves.waiting == 2
    monkeypatch.setattr(room.store.predictions, "append", append)
    room.settled()

    assert room.rows("e")["e"]["prediction"] == 0


def test_nothing_is_taken_once_it_is_closing(room):
    room.halves.close()
    with pytest.raises(NotReadyError):
        room.halves.add([request()])
    room.open()


def test_segments_are_deleted_once_nobody_waits_for_them(room, monkeypatch):
    monkeypatch.setattr("monitor.store.halves._SEGMENT_BYTES", 2000)
    room.again()
    for i in range(60):
        room.add(request(f"e{i}"), response(f"e{i}"))
    room.settled()
    room.again()

    assert len(list((room.directory / "halves").glob("*.journal"))) <= 2
    assert len(room.rows(*(f"e{i}" for i in range(60)))) == 60


def test_a_disk_that_stays_full_is_said_now_and_then(room, monkeypatch, caplog):
    def full(self, payloads):
        raise JournalFullError("full")

    room.add(request(), response())
    room.settled()
    with monkeypatch.context() as patched:
        patched.setattr("monitor.store.journal.Journal.append", full)
        for _ in range(5):
            with pytest.raises(JournalFullError):
                room.add(request("other"))

    assert caplog.text.count("halves wait") == 1
