import os

import pytest
from builders import NOON, predictions, sent, store_at, store_with

from monitor.core.errors import DataDirectoryError, JournalDamagedError
from monitor.core.windows import Window
from monitor.store.journal import Journal
from monitor.store.repair import mended
from monitor.store.segment import HEAD_BYTES


def segments(directory):
    return sorted(directory.glob("*.journal"))


def payloads(journal, position=0):
    return [payload for _, _, payload in journal.read(position)]


@pytest.fixture
def data_dir(tmp_path):
    """One with a journal of 20 records in three segments, and nothing folded."""
    store_with(tmp_path).close()
    for path in segments(tmp_path / "journal"):
        path.unlink()
    journal = Journal(tmp_path / "journal", 0, 200)
    for number in range(20):
        journal.append([b"record %02d" % number])
    journal.close()
    return tmp_path


def flip(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 0xFF
    path.write_bytes(bytes(data))


def test_nothing_is_changed_where_nothing_is_damaged(data_dir):
    before = [path.read_bytes() for path in segments(data_dir / "journal")]

    assert mended(data_dir) == []
    assert [path.read_bytes() for path in segments(data_dir / "journal")] == before


def test_every_byte_that_may_be_damaged_costs_its_record_and_no_other(data_dir):
    directory = data_dir / "journal"
    whole = {path: path.read_bytes() for path in segments(directory)}
    size = HEAD_BYTES + len(b"record 00")
    number = 0
    for path, data in whole.items():
        last = path == max(whole)
        for place in range(0, len(data) - (size if last else 0), 11):
            flip(path, place)
            (found,) = mended(data_dir)
            lost = number + place // size
            assert (found.segment, found.first, found.end) == (
                path,
                place // size * size,
                place // size * size + size,
            )
            assert found.kept.stat().st_size == size
            journal = Journal(directory, 0, 200)
            kept = [b"record %02d" % n for n in range(20) if n != lost]
            assert payloads(journal) == kept
            journal.close()
            assert mended(data_dir) == []
            path.write_bytes(data)
        number += len(data) // size


def test_segments_that_are_missing_or_lost_their_end_are_gaps(data_dir):
    directory = data_dir / "journal"
    first, second, *_ = segments(directory)
    first.unlink()
    os.truncate(second, second.stat().st_size - 50)
    with pytest.raises(JournalDamagedError):
        Journal(directory, 0, 200)

    found = mended(data_dir)

    assert [each.segment for each in found] == [first, second]
    assert payloads(Journal(directory, 0, 200)) == [
        *(b"record %02d" % n for n in range(7, 12)),
        *(b"record %02d" % n for n in range(14, 20)),
    ]


def test_positions_stay_so_what_was_folded_is_not_folded_again(tmp_path):
    store = store_with(tmp_path)
    sent(store, predictions(3))
    folded = store.folder.position
    store.close()
    journal = Journal(tmp_path / "journal", folded)
    (bad,) = journal.append([b"never a record of rows"])
    journal.append([b"nor this"])
    journal.close()
    (path,) = segments(tmp_path / "journal")
    flip(path, bad + 30)
    with pytest.raises(JournalDamagedError, match=f"{path} is damaged at byte {bad}, .*repair"):
        store_at(tmp_path)

    mended(tmp_path)

    os.truncate(path, Journal(tmp_path / "journal", bad).end - 24 - len(b"nor this"))
    store = store_at(tmp_path)
    assert sent(store, predictions(5)).duplicates == 3
    found, _ = store.predictions.by_time("m", Window(NOON, NOON.replace(hour=13)), 100, None)
    assert [row["prediction_id"] for row in found] == ["p0", "p1", "p2", "p3", "p4"]
    store.close()


def test_a_directory_that_a_service_uses_is_left_alone(tmp_path):
    store = store_with(tmp_path)

    with pytest.raises(DataDirectoryError, match="another process uses"):
        mended(tmp_path)
    store.close()
