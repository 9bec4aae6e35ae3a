import errno
import os

import pytest

from monitor.core.errors import JournalDamagedError, JournalFullError
from monitor.store.journal import Journal


def payloads(journal, position=0):
    return [payload for _, _, payload in journal.read(position)]


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "journal"


def reopened(journal, directory, folded=0, segment_bytes=200):
    journal.close()
    return Journal(directory, folded, segment_bytes)


def written(directory, count=20, segment_bytes=200):
    journal = Journal(directory, 0, segment_bytes)
    for number in range(count):
        journal.append([f"record {number}".encode()])
    return journal


def test_records_come_back_in_order_across_segments(directory):
    journal = written(directory)

    assert payloads(journal) == [f"record {n}".encode() for n in range(20)]
    assert len(list(directory.iterdir())) == 3


def test_reading_starts_at_any_record(directory):
    journal = written(directory)
    positions = [position for position, _, _ in journal.read(0)]

    for number, position in enumerate(positions):
        assert len(payloads(journal, position)) == 20 - number
    assert payloads(journal, journal.end) == []


def test_a_journal_goes_on_where_it_ended(directory):
    journal = written(directory, 3)
    end = journal.end

    journal = reopened(journal, directory)
    journal.append([b"one more"])

    assert payloads(journal, end) == [b"one more"]


def test_folded_segments_are_deleted_and_the_rest_stays(directory):
    journal = written(directory)
    position = [position for position, _, _ in journal.read(0)][12]

    journal.forget(position)

    assert payloads(journal, position) == [f"record {n}".encode() for n in range(12, 20)]
    journal = reopened(journal, directory, position)
    assert len(payloads(journal, position)) == 8


def test_a_journal_that_was_deleted_whole_goes_on_at_the_folded_position(directory):
    journal = Journal(directory, 700)

    assert journal.append([b"later"]) == [700]


@pytest.mark.parametrize("cut", [1, 5, 16, 17, 20])
def test_a_torn_last_record_is_the_end_of_the_journal(directory, cut):
    journal = written(directory, 3, segment_bytes=10_000)
    journal.close()
    (segment,) = directory.iterdir()
    os.truncate(segment, segment.stat().st_size - cut)

    journal = Journal(directory, 0)

    assert payloads(journal) == [b"record 0", b"record 1"]
    journal.append([b"next"])
    assert payloads(journal)[-1] == b"next"


def test_every_flipped_byte_before_the_last_record_is_an_error_that_names_the_place(directory):
    journal = written(directory, 3, segment_bytes=10_000)
    journal.close()
    (segment,) = directory.iterdir()
    whole = segment.read_bytes()
    size = len(whole) // 3

    for place in range(2 * size):
        broken = bytearray(whole)
        broken[place] ^= 0xFF
        segment.write_bytes(bytes(broken))
        with pytest.raises(JournalDamagedError, match=f"byte {place // size * size},"):
            Journal(directory, 0)


def test_a_flipped_byte_in_an_earlier_segment_is_found_when_it_is_read(directory):
    journal = written(directory)
    first = sorted(directory.iterdir())[0]
    broken = bytearray(first.read_bytes())
    broken[20] ^= 1
    first.write_bytes(bytes(broken))

    with pytest.raises(JournalDamagedError, match=first.name):
        payloads(journal)


@pytest.mark.parametrize("failing", ["write", "fdatasync"])
def test_a_full_disk_stores_nothing_and_is_survived(directory, monkeypatch, failing):
    journal = written(directory, 2, segment_bytes=10_000)
    end = journal.end

    def full(descriptor, data=b""):
        if failing == "write" and len(data) > 10:
            return real(descriptor, data[:10])  # part of the record gets through
        raise OSError(errno.ENOSPC, "No space left on device")

    real = getattr(os, failing)
    monkeypatch.setattr(os, failing, full)
    with pytest.raises(JournalFullError, match="No space left"):
        journal.append([b"does not fit"])
    monkeypatch.undo()

    assert journal.end == end
    assert journal.append([b"fits again"]) == [end]
    assert payloads(reopened(journal, directory))[-2:] == [b"record 1", b"fits again"]


def test_no_room_for_a_new_segment_means_a_longer_old_one(directory, monkeypatch):
    journal = Journal(directory, 0, 10)

    def full(self, start):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Journal, "_create", full)
    journal.append([b"a long record"])
    journal.append([b"another"])

    assert payloads(journal) == [b"a long record", b"another"]


def test_a_rotation_that_fails_half_way_loses_nothing(directory, monkeypatch):
    journal = Journal(directory, 0, 10)
    real = Journal._create

    def half(self, start):
        real(self, start)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Journal, "_create", half)
    journal.append([b"a long record"])
    journal.append([b"another"])
    journal.forget(journal.end)

    assert payloads(journal) == [b"a long record", b"another"]
    monkeypatch.undo()
    assert payloads(reopened(journal, directory)) == [b"a long record", b"another"]


def test_what_was_refused_is_not_in_the_journal_after_a_stop(directory, monkeypatch):
    journal = written(directory, 1)

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", full)
    with pytest.raises(JournalFullError):
        journal.append([b"refused"])

    assert payloads(reopened(journal, directory)) == [b"record 0"]
