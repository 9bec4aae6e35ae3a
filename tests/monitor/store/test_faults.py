"""Every call that the journal makes of the system fails once, and for a while."""

import errno
import os

import pytest

from monitor.core.errors import JournalFullError
from monitor.store.journal import Journal

CALLS = ("open", "write", "fdatasync", "fsync", "ftruncate", "fstat", "lseek", "unlink")
APPENDS = 9
SEGMENT_BYTES = 90


class Disk:
    """Counts the calls to a disk; from the `first` on, as many as `last` fail with an error.

    A write that fails puts half of the bytes on the disk before that, and one in between is short.
    """

    def __init__(self, monkeypatch, first=None, last=1, error=errno.ENOSPC):
        self.calls = []
        self._failing = range(first, first + last) if first is not None else range(0)
        self._error = OSError(error, os.strerror(error))
        for name in CALLS:
            monkeypatch.setattr(os, name, self._watched(name, getattr(os, name)))

    def _watched(self, name, real):
        def call(*values, **named):
            self.calls.append(name)
            fails = len(self.calls) - 1 in self._failing
            if name == "write":
                descriptor, data = values
                half = data[: max(1, len(data) // 2)]
                done = real(descriptor, half)
                if not fails:
                    return done
            if fails:
                raise self._error
            return real(*values, **named)

        return call


def appended(journal, start=0):
    """What was acknowledged and what was refused of some appends, one after the other."""
    taken, refused = [], []
    for number in range(start, start + APPENDS):
        group = [b"%d %d" % (number, part) for part in range(1 + number % 3)]
        try:
            positions = journal.append(group)
        except JournalFullError:
            refused += group
        else:
            assert len(set(positions)) == len(group)
            taken += group
    return taken, refused


def held(journal):
    return [payload for _, _, payload in journal.read(0)]


def calls_of(act, monkeypatch):
    with monkeypatch.context() as patch:
        disk = Disk(patch)
        act()
    return len(disk.calls)


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("last", [1, 5])
def test_whatever_fails_acknowledged_records_stay_and_refused_ones_are_gone(
    tmp_path, monkeypatch, error, last
):
    probe = Journal(tmp_path / "probe", 0, SEGMENT_BYTES)
    count = calls_of(lambda: appended(probe), monkeypatch)
    assert count > 50
    refusals = 0

    for first in range(count):
        directory = tmp_path / f"{first}"
        journal = Journal(directory, 0, SEGMENT_BYTES)
        with monkeypatch.context() as patch:
            Disk(patch, first, last, error)
            taken, refused = appended(journal)
        refusals += len(refused)
        assert held(journal) == taken
        killed = Journal(directory, 0, SEGMENT_BYTES)  # as if the process had died here
        after_kill = held(killed)
        assert [p for p in after_kill if p not in refused] == taken
        assert len(after_kill) == len(set(after_kill))
        killed.close()
        # The file of the one that lives is as the other one left it: whole.
        more, none = appended(journal, APPENDS)
        assert none == []
        assert held(journal) == taken + more
        journal.close()
        assert held(Journal(directory, 0, SEGMENT_BYTES)) == taken + more
    assert refusals > count / 2


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_an_opening_that_fails_says_so_and_the_next_one_finds_everything(
    tmp_path, monkeypatch, error
):
    directory = tmp_path / "journal"
    journal = Journal(directory, 0, SEGMENT_BYTES)
    taken, _ = appended(journal)
    journal.close()
    count = calls_of(lambda: Journal(directory, 0, SEGMENT_BYTES).close(), monkeypatch)

    failed = 0
    for first in range(count):
        with monkeypatch.context() as patch:
            Disk(patch, first, 1, error)
            try:
                Journal(directory, 0, SEGMENT_BYTES).close()
            except JournalFullError as problem:
                assert os.strerror(error) in str(problem)
                failed += 1
        assert held(Journal(directory, 0, SEGMENT_BYTES)) == taken
    assert failed > 2


def test_after_a_failed_fdatasync_nothing_is_written_to_that_file_again(tmp_path, monkeypatch):
    journal = Journal(tmp_path / "journal", 0)
    journal.append([b"first"])
    (old,) = (tmp_path / "journal").iterdir()
    size = old.stat().st_size

    def failing(descriptor):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", failing)
        with pytest.raises(JournalFullError, match="Input/output error"):
            journal.append([b"lost"])
    journal.append([b"second"])

    assert old.stat().st_size == size
    assert held(journal) == [b"first", b"second"]
    assert len(list((tmp_path / "journal").iterdir())) == 2


def test_where_there_is_no_room_for_a_new_segment_the_old_one_grows(tmp_path, monkeypatch):
    journal = Journal(tmp_path / "journal", 0, 10)
    real = os.open

    def full(path, flags, *mode):
        if flags & os.O_CREAT:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(path, flags, *mode)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", full)
        journal.append([b"a long record"])
        journal.append([b"another"])
        assert held(journal) == [b"a long record", b"another"]
        assert len(list((tmp_path / "journal").iterdir())) == 1
    journal.append([b"in a new one"])

    assert len(list((tmp_path / "journal").iterdir())) == 2
    assert held(journal) == [b"a long record", b"another", b"in a new one"]
