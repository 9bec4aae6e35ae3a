"""The database on a disk that fills up: a small file system of its own where one may be mounted."""

import os
import resource
import subprocess
import threading
from contextlib import contextmanager, suppress

import duckdb
import pytest

from monitor.core.errors import DataDirectoryError, DiskError
from monitor.store.database import Database

ROWS = "INSERT INTO kept SELECT range, md5(range::VARCHAR) FROM range($count)"


@pytest.fixture
def database(tmp_path):
    opened = Database(tmp_path / "d.duckdb", checkpoint_bytes=100_000)
    opened.write("CREATE TABLE kept (number BIGINT, word VARCHAR)")
    yield opened
    opened.close()


def count(database):
    return database.read("SELECT count(*) FROM kept")[0][0]


def broken(database):
    """Make DuckDB refuse everything, as it does after a checkpoint that failed."""
    database._broken = True


def test_what_is_not_committed_is_not_there(database):
    with pytest.raises(KeyError), database.transaction():
        database.write(ROWS, count=10)
        assert count(database) == 10
        raise KeyError

    assert count(database) == 0
    database.write(ROWS, count=3)
    assert count(database) == 3


def test_who_listens_hears_of_each_end_once_and_how_it_was(database):
    heard = []
    database.on_end.append(heard.append)

    with database.transaction(), database.transaction():
        database.write(ROWS, count=1)
    with suppress(KeyError), database.transaction():
        raise KeyError

    assert heard == [True, False]


def test_a_log_that_has_grown_long_is_written_into_the_file(database, tmp_path):
    log = tmp_path / "d.duckdb.wal"
    database.write(ROWS, count=1000)
    before = log.stat().st_size

    for _ in range(5):
        database.write(ROWS, count=1000)

    assert not log.exists() or log.stat().st_size <= before * 2
    assert count(database) == 6000


def test_readers_wait_for_a_file_that_is_opened_anew_and_then_read(database):
    database.write(ROWS, count=5)
    heard = []
    database.on_reopen.append(lambda: heard.append(count(database)))
    broken(database)

    assert count(database) == 5
    assert heard == [5]
    database.write(ROWS, count=2)
    assert count(database) == 7


def test_a_file_is_opened_anew_once_nobody_reads_from_it(database):
    database.write(ROWS, count=5)
    found = []
    with database.reading() as cursor:
        broken(database)
        waiting = threading.Thread(target=lambda: found.append(count(database)))
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
        assert cursor.execute("SELECT count(*) FROM kept").fetchall() == [(5,)]
    waiting.join(20)

    assert found == [5]


def test_an_error_of_a_statement_is_no_error_of_the_disk(database):
    with pytest.raises(duckdb.CatalogException):
        database.read("SELECT * FROM nothing")
    with pytest.raises(duckdb.CatalogException):
        database.write("INSERT INTO nothing VALUES (1)")
    assert count(database) == 0


def test_a_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / "d.duckdb").write_bytes(b"something else" * 1000)

    with pytest.raises(DataDirectoryError, match=r"d\.duckdb"):
        Database(tmp_path / "d.duckdb")


@pytest.fixture
def disk(tmp_path):
    """A directory on a small file system, and whether it is one."""
    directory = tmp_path / "disk"
    directory.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={8 << 20}", "none", str(directory)]
    try:
        small = subprocess.run(mount, check=False, capture_output=True).returncode == 0
    except OSError:
        small = False
    yield directory, small
    if small:
        subprocess.run(["umount", "-l", str(directory)], check=True)


@contextmanager
def no_room(disk, leave):
    """While inside, only so many bytes can be written; where nothing may be mounted, to a file."""
    directory, small = disk
    if small:
        ballast = directory / "ballast"
        with ballast.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        os.truncate(ballast, ballast.stat().st_size - leave)
        yield
        ballast.unlink()
    else:
        largest = max(path.stat().st_size for path in directory.iterdir())
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest + leave, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("leave", [0, 40_000, 120_000, 200_000, 300_000, 500_000])
def test_on_a_full_disk_each_commit_takes_effect_or_says_that_it_does_not(disk, caplog, leave):
    path = disk[0] / "d.duckdb"
    database = Database(path, checkpoint_bytes=100_000)
    database.write("CREATE TABLE kept (number BIGINT, word VARCHAR)")
    database.write(ROWS, count=500)
    expected, refused = 500, 0

    with no_room(disk, leave):
        for _ in range(30):
            try:
                database.write(ROWS, count=500)
                expected += 500
            except DiskError as problem:
                assert "disk is full or failing" in str(problem)
                refused += 1
            assert count(database) == expected
    assert refused or not disk[1]
    database.write(ROWS, count=500)
    assert count(database) == expected + 500
    database.close()
    again = Database(path)
    assert count(again) == expected + 500
    again.close()
    if disk[1] and leave >= 120_000:  # room for the log to grow, and none for the checkpoint
        assert "was opened anew" in caplog.text
