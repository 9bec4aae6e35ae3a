"""The one DuckDB file: who may write, and what each thread reads.

DuckDB lets one process own a file. Inside it, writes take turns under one lock; reads have a
cursor of their own and see what was committed when they began. A thread inside a transaction
reads what it has written.

A commit that finds no room on the disk is undone and harms nothing. A checkpoint that finds none
makes DuckDB refuse everything until the file is opened anew, and one that DuckDB begins by itself
inside a commit would leave open whether that took place. So checkpoints are begun here, between
transactions, and where one fails the file is opened anew.
"""

import errno
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from monitor.core.errors import DataDirectoryError, DiskError

_LOG = logging.getLogger(__name__)

CHECKPOINT_BYTES = 256 << 20
"""Bytes of the write-ahead log past which it is written into the file."""
_AGAIN_SECONDS = 30.0
_READERS_SECONDS = 60.0
_NEVER = "1TB"
_MEMORY = "384MB"
"""What DuckDB may hold; enough for rows of thousands of features, in tables of 400 columns."""
_DISK = tuple(
    os.strerror(number)
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG)
)
"""How DuckDB says that it is the disk; it has no error of its own for that."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS model (
    number INTEGER PRIMARY KEY, name VARCHAR UNIQUE, declared VARCHAR, inferred VARCHAR,
    latest TIMESTAMP, arrived TIMESTAMP);
CREATE TABLE IF NOT EXISTS feature (
    model INTEGER, number INTEGER, name VARCHAR, type VARCHAR, form UTINYINT);
CREATE TABLE IF NOT EXISTS fold (position BIGINT, rows BIGINT);
CREATE TABLE IF NOT EXISTS unchecked (model INTEGER, start TIMESTAMP, place BIGINT);
CREATE TABLE IF NOT EXISTS misfit (
    model INTEGER, source VARCHAR, place BIGINT, timestamp TIMESTAMP, version VARCHAR,
    prediction_id VARCHAR, name VARCHAR, value VARCHAR);
CREATE TABLE IF NOT EXISTS sent (
    model INTEGER, source VARCHAR, place BIGINT, part BOOLEAN, name VARCHAR, value VARCHAR);
CREATE TABLE IF NOT EXISTS reference (
    model INTEGER, version VARCHAR, feature INTEGER, edges DOUBLE[]);
CREATE TABLE IF NOT EXISTS profile (
    model INTEGER, version VARCHAR, start TIMESTAMP, feature INTEGER, rows BIGINT, absent BIGINT,
    missing BIGINT, nonfinite BIGINT, misfits BIGINT, below BIGINT, above BIGINT,
    minimum DOUBLE, maximum DOUBLE, total DOUBLE, squares DOUBLE);
CREATE TABLE IF NOT EXISTS profile_bin (
    model INTEGER, version VARCHAR, start TIMESTAMP, feature INTEGER, bin INTEGER, rows BIGINT);
CREATE TABLE IF NOT EXISTS profile_category (
    model INTEGER, version VARCHAR, start TIMESTAMP, feature INTEGER, category VARCHAR,
    rows BIGINT);
CREATE TABLE IF NOT EXISTS segment (model INTEGER, version VARCHAR, name VARCHAR);
CREATE TABLE IF NOT EXISTS segment_profile (
    model INTEGER, version VARCHAR, segment VARCHAR, start TIMESTAMP, feature INTEGER, rows BIGINT,
    absent BIGINT, missing BIGINT, nonfinite BIGINT, misfits BIGINT, below BIGINT, above BIGINT,
    minimum DOUBLE, maximum DOUBLE, total DOUBLE, squares DOUBLE);
CREATE TABLE IF NOT EXISTS segment_profile_bin (
    model INTEGER, version VARCHAR, segment VARCHAR, start TIMESTAMP, feature INTEGER, bin INTEGER,
    rows BIGINT);
CREATE TABLE IF NOT EXISTS segment_profile_category (
    model INTEGER, version VARCHAR, segment VARCHAR, start TIMESTAMP, feature INTEGER,
    category VARCHAR, rows BIGINT);
CREATE SEQUENCE IF NOT EXISTS finding_number;
CREATE TABLE IF NOT EXISTS finding (
    number BIGINT, model VARCHAR, version VARCHAR, start TIMESTAMP, stop TIMESTAMP, rows BIGINT,
    detector VARCHAR, method VARCHAR, feature VARCHAR, segment VARCHAR, alert BOOLEAN,
    document VARCHAR);
CREATE TABLE IF NOT EXISTS incident (
    number BIGINT, id VARCHAR, model VARCHAR, open BOOLEAN, document VARCHAR);
CREATE SEQUENCE IF NOT EXISTS incident_number;
CREATE TABLE IF NOT EXISTS decision (model VARCHAR, decided_at TIMESTAMP, document VARCHAR);
CREATE SEQUENCE IF NOT EXISTS request_number;
CREATE TABLE IF NOT EXISTS request (number BIGINT, document VARCHAR);
CREATE TABLE IF NOT EXISTS progress (model VARCHAR, labelled BIGINT, alerts BIGINT);
CREATE TABLE IF NOT EXISTS stream (model VARCHAR, key VARCHAR, state BLOB);
"""


class Database:
    """One DuckDB file, opened for good.

    `on_end` is called when a transaction has ended, with whether it took effect; `on_reopen` when
    the file was opened anew, and nothing known about it before need hold any more.
    Raises DataDirectoryError if another process holds it or it cannot be read.
    """

    def __init__(self, path: Path | None, checkpoint_bytes: int = CHECKPOINT_BYTES) -> None:
        self._path = path
        self._checkpoint_bytes = checkpoint_bytes
        self._checkpoint_after = float("-inf")
        self._lock = threading.RLock()
        self._depth = 0
        self._afterwards: list[Callable[[], None]] = []
        self._owner: int | None = None
        self._readers = 0
        self._left = threading.Condition()
        self._broken = False
        self.on_end: list[Callable[[bool], None]] = []
        self.on_reopen: list[Callable[[], None]] = []
        if path is not None and not path.exists():
            self._create(path)
        self._connect()
        with self.transaction() as connection:
            connection.execute(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """All writes inside take effect together, or none. May be nested; the outermost counts.

        Raises DiskError if the disk does not take them.
        """
        with self._lock:
            if self._depth:
                yield self._connection
                return
            self._begin()
            committed = False
            try:
                yield self._connection
                self._connection.execute("COMMIT")
                committed = True
            except BaseException as problem:
                self._roll_back()
                if said := self._of_the_disk(problem):
                    raise DiskError(said) from problem
                raise
            finally:
                self._ended(committed)
            self._checkpoint()

    @property
    def is_writing(self) -> bool:
        """Whether this thread is inside a transaction."""
        return self._owner == threading.get_ident()

    def afterwards(self, act: Callable[[], None]) -> None:
        """Do something when the transaction of this thread has ended, either way."""
        self._afterwards.append(act)

    def read(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        """The rows that a query gives, its parameters by name."""
        with self.reading() as cursor:
            return cursor.execute(query, values or None).fetchall()

    def arrow(self, query: str, **values: object) -> Any:
        """The Arrow table that a query gives."""
        with self.reading() as cursor:
            return cursor.sql(query, params=values or None).to_arrow_table()

    def write(self, query: str, **values: object) -> None:
        """One statement, in the transaction around it or one of its own."""
        with self.transaction() as connection:
            connection.execute(query, values or None)

    @contextmanager
    def staged(self, batch: Any) -> Iterator[duckdb.DuckDBPyConnection]:
        """A transaction in which an Arrow table can be read under the name `batch`."""
        with self.transaction() as connection:
            connection.register("batch", batch)
            try:
                yield connection
            finally:
                connection.unregister("batch")

    def insert(self, table: str, columns: Sequence[str], batch: Any) -> None:
        """Append an Arrow table whose columns stand in the order named. Names are ours."""
        with self.staged(batch) as connection:
            connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT * FROM batch")

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of this thread's own, or the transaction that this thread is in.

        Raises DiskError while the file cannot be read.
        """
        if self.is_writing:
            yield self._connection
            return
        cursor = self._enter()
        try:
            yield cursor
        except duckdb.Error as problem:
            if said := self._of_the_disk(problem):
                raise DiskError(said) from problem
            raise
        finally:
            cursor.close()
            with self._left:
                self._readers -= 1
                self._left.notify_all()

    def close(self) -> None:
        """Write everything into the one file and let it go."""
        with self._lock:
            self._connection.close()
            self._root.close()

    def _create(self, path: Path) -> None:
        """Make an empty file under another name first: half a file could never be opened again."""
        new = path.with_name(f"{path.name}.new")
        with _opening(path):
            new.unlink(missing_ok=True)
            duckdb.connect(str(new)).close()
            new.replace(path)

    def _connect(self) -> None:
        config: dict[str, Any] = {
            "threads": 1,
            "checkpoint_threshold": _NEVER,
            "memory_limit": _MEMORY,
            "preserve_insertion_order": True,
        }
        with _opening(self._path):
            self._root = duckdb.connect(str(self._path or ":memory:"), config=config)
            self._root.execute("SET GLOBAL TimeZone = 'UTC'")
        self._connection = self._root.cursor()  # the one that writes; the root only makes cursors

    def _begin(self) -> None:
        if self._broken:
            self._reopen()
        try:
            self._connection.execute("BEGIN")
        except duckdb.Error as problem:
            if said := self._of_the_disk(problem):
                raise DiskError(said) from problem
            raise
        self._depth = 1
        self._owner = threading.get_ident()

    def _ended(self, committed: bool) -> None:
        self._depth = 0
        self._owner = None
        for hear in self.on_end:
            hear(committed)
        acts, self._afterwards = self._afterwards, []
        for act in acts:
            act()

    def _roll_back(self) -> None:
        with suppress(duckdb.Error):  # a failed commit has rolled back already
            self._connection.execute("ROLLBACK")

    def _of_the_disk(self, problem: BaseException) -> str | None:
        """What is wrong with the disk, if that is what failed; and whether DuckDB gave up."""
        if not isinstance(problem, duckdb.Error):
            return None
        if isinstance(problem, duckdb.FatalException | duckdb.InternalException):
            self._broken = self._path is not None
        elif not any(said in str(problem) for said in _DISK):
            return None
        return _line(problem)

    def _enter(self) -> duckdb.DuckDBPyConnection:
        """A cursor for one who reads, of a file that is in order."""
        while True:
            if self._broken:
                with self._lock:
                    if self._broken:
                        self._reopen()
            with self._left:
                if not self._broken:
                    cursor = self._root.cursor()
                    self._readers += 1
                    return cursor

    def _reopen(self) -> None:
        """Open the file anew once nobody reads from it. The lock is held. Raises DiskError."""
        with self._left:
            if not self._left.wait_for(lambda: not self._readers, _READERS_SECONDS):
                raise DiskError("questions from before are still being answered")
            with suppress(duckdb.Error):
                self._connection.close()
                self._root.close()
            self._connect()
            self._broken = False
        _LOG.warning("%s was opened anew", self._path)
        for hear in self.on_reopen:
            hear()

    def _checkpoint(self) -> None:
        """Write the log into the file where it is long. What was committed is safe either way."""
        size = self._log_bytes()
        if size < self._checkpoint_bytes or time.monotonic() < self._checkpoint_after:
            return
        try:
            self._connection.execute("CHECKPOINT")
        except duckdb.TransactionException:  # someone else's is under way: after the next commit
            return
        except duckdb.Error as problem:
            self._checkpoint_after = time.monotonic() + _AGAIN_SECONDS
            self._of_the_disk(problem)
            _LOG.warning("%s: the log waits to be written into it: %s", self._path, _line(problem))
            with suppress(DiskError):  # whoever comes next tries again
                self._reopen()

    def _log_bytes(self) -> int:
        if self._path is None:
            return 0
        try:
            return self._path.with_name(f"{self._path.name}.wal").stat().st_size
        except OSError:
            return 0


def _line(problem: BaseException) -> str:
    """What DuckDB says, without what it says about what it said before."""
    return str(problem).partition("\n")[0]


@contextmanager
def _opening(path: Path | None) -> Iterator[None]:
    """Raises DiskError where the disk is full, DataDirectoryError for all else that DuckDB says."""
    try:
        yield
    except duckdb.Error as problem:
        if any(said in str(problem) for said in _DISK):
            raise DiskError(_line(problem)) from problem
        raise DataDirectoryError(f"cannot open {path}: {problem}") from problem
