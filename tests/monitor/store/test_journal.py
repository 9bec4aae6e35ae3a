import os
from contextlib import suppress

import pytest

from monitor.core.errors import JournalDamagedError
from monitor.store.journal import Journal
from monitor.store.segment import HEAD_BYTES


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


@pytest.mark.parametrize("cut", [1, 5, HEAD_BYTES, HEAD_BYTES + 1, HEAD_BYTES + 7])
def test_a_torn_last_record_is_the_end_of_the_journal_and_is_said(directory, caplog, cut):
    journal = written(directory, 3, segment_bytes=10_000)
    journal.close()
    (segment,) = directory.iterdir()
    os.truncate(segment, segment.stat().st_size - cut)

    journal = Journal(directory, 0)

    assert payloads(journal) == [b"record 0", b"record 1"]
    assert str(segment) in caplog.text
    journal.append([b"next"])
    assert payloads(journal)[-1] == b"next"


def test_a_write_whose_first_pages_never_came_to_disk_is_cut_off_whole(directory):
    journal = written(directory, 2, segment_bytes=10_000)
    end = journal.end
    journal.append([b"lost", b"here"])
    journal.close()
    (segment,) = directory.iterdir()
    broken = bytearray(segment.read_bytes())
    broken[end : end + HEAD_BYTES + 4] = bytes(HEAD_BYTES + 4)
    segment.write_bytes(bytes(broken))

    assert payloads(Journal(directory, 0)) == [b"record 0", b"record 1"]


def test_every_flipped_byte_is_named_or_lies_in_the_last_write(directory):
    journal = written(directory, 3, segment_bytes=10_000)
    journal.append([b"record 3", b"record 4"])
    journal.close()
    (segment,) = directory.iterdir()
    whole = segment.read_bytes()
    size = len(whole) // 5
    sent = [f"record {n}".encode() for n in range(5)]

    for place in range(len(whole)):
        broken = bytearray(whole)
        broken[place] ^= 0xFF
        segment.write_bytes(bytes(broken))
        offset = place // size * size
        if offset < 3 * size:
            said = f"{segment.name} is damaged at byte {offset},.* begins at byte {offset + size};"
            with pytest.raises(JournalDamagedError, match=said):
                Journal(directory, 0)
        else:
            assert payloads(Journal(directory, 0)) == sent[: place // size]


def test_every_flipped_byte_in_an_earlier_segment_is_named_when_it_is_read(directory):
    written(directory).close()
    for segment in sorted(directory.iterdir())[:-1]:
        whole = segment.read_bytes()
        for place in range(len(whole)):
            broken = bytearray(whole)
            broken[place] ^= 1
            segment.write_bytes(bytes(broken))
            journal = Journal(directory, 0, 200)
            with pytest.raises(JournalDamagedError, match=rf"{segment.name} is damaged at byte"):
                payloads(journal)
            journal.close()
        segment.write_bytes(whole)


def test_no_flipped_byte_ever_gives_a_row_that_was_not_sent(directory):
    written(directory).close()
    sent = [f"record {n}".encode() for n in range(20)]
    for segment in sorted(directory.iterdir()):
        whole = segment.read_bytes()
        for place in range(0, len(whole), 3):
            broken = bytearray(whole)
            broken[place] ^= 0x10
            segment.write_bytes(bytes(broken))
            found = []
            with suppress(JournalDamagedError):
                for _, _, payload in Journal(directory, 0, 200).read(0):
                    found.append(payload)
            assert found == sent[: len(found)]
            segment.write_bytes(whole)


def test_a_segment_that_is_missing_is_named(directory):
    journal = written(directory)
    second = sorted(directory.iterdir())[1]
    journal.close()
    second.unlink()

    first = sorted(directory.iterdir())[0].name
    with pytest.raises(JournalDamagedError, match=f"{first} is damaged at byte 224"):
        Journal(directory, 0, 200)


def test_a_first_segment_that_is_missing_is_named_unless_it_was_folded(directory):
    journal = written(directory)
    journal.close()
    first, second, *_ = sorted(directory.iterdir())
    first.unlink()

    with pytest.raises(JournalDamagedError, match="is damaged at byte 0"):
        Journal(directory, 0, 200)
    folded = int(second.stem)
    assert len(payloads(Journal(directory, folded, 200), folded)) == 13
    assert len(payloads(Journal(directory, None, 200))) == 13


def test_an_earlier_segment_that_lost_its_end_is_named(directory):
    written(directory).close()
    first = sorted(directory.iterdir())[0]
    os.truncate(first, first.stat().st_size - 3)

    with pytest.raises(JournalDamagedError, match=first.name):
        Journal(directory, 0, 200)


def test_an_empty_segment_that_a_failed_rotation_left_hides_nothing(directory):
    journal = written(directory, 12, segment_bytes=10_000)
    middle = [position for position, _, _ in journal.read(0)][5]
    journal.close()
    (directory / f"{middle:020d}.journal").touch()

    journal = Journal(directory, 0)

    assert len(payloads(journal)) == 12
    assert len(list(directory.iterdir())) == 1


def test_what_a_journal_lost_behind_the_folded_position_is_not_missed(directory):
    journal = written(directory, 3, segment_bytes=10_000)
    journal.append([b"the last"])
    folded = journal.end
    journal.close()
    (segment,) = directory.iterdir()
    os.truncate(segment, 40)

    journal = Journal(directory, folded)

    assert journal.append([b"next"]) == [folded]
    assert payloads(journal, folded) == [b"next"]
    assert payloads(reopened(journal, directory, folded), folded) == [b"next"]


def test_the_segment_that_is_written_to_is_never_deleted(directory):
    journal = written(directory, 1)

    journal.forget(journal.end)

    assert payloads(journal) == [b"record 0"]
