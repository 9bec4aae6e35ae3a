"""The one DuckDB file: who may write, and what each thread reads.

DuckDB lets one process own a file. Inside it, writes take turns under one lock; reads have a
cursor of their own and see what was committed when they began. A thread inside a transaction
reads what it has written.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from monitor.core.errors import DataDirectoryError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS model (
    number INTEGER PRIMARY KEY, name VARCHAR UNIQUE, declared VARCHAR, inferred VARCHAR,
    latest TIMESTAMP, arrived TIMESTAMP);
CREATE TABLE IF NOT EXISTS feature (model INTEGER, number INTEGER, name VARCHAR, type VARCHAR);
CREATE TABLE IF NOT EXISTS fold (position BIGINT, rows BIGINT);
CREATE TABLE IF NOT EXISTS unchecked (model INTEGER, start TIMESTAMP, place BIGINT);
CREATE TABLE IF NOT EXISTS misfit (
    model INTEGER, source VARCHAR, place BIGINT, timestamp TIMESTAMP, version VARCHAR,
    prediction_id VARCHAR, name VARCHAR, value VARCHAR);
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

    Raises DataDirectoryError if another process holds it or it cannot be read.
    """

    def __init__(self, path: Path | None) -> None:
        config: dict[str, Any] = {
            "threads": 1,
            "checkpoint_threshold": "256MB",
            "preserve_insertion_order": True,
        }
        try:
            self._root = duckdb.connect(str(path) if path else ":memory:", config=config)
        except duckdb.Error as problem:
            raise DataDirectoryError(f"cannot open {path}: {problem}") from problem
        self._connection = self._root.cursor()  # the one that writes; the root only makes cursors
        self._lock = threading.RLock()
        self._depth = 0
        self._afterwards: list[Callable[[], None]] = []
        self._owner: int | None = None
        self._root.execute("SET GLOBAL TimeZone = 'UTC'")
        with self.transaction() as connection:
            connection.execute(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """All writes inside take effect together, or none. May be nested; the outermost counts."""
        with self._lock:
            self._depth += 1
            self._owner = threading.get_ident()
            try:
                if self._depth == 1:
                    self._connection.execute("BEGIN")
                yield self._connection
                if self._depth == 1:
                    self._connection.execute("COMMIT")
            except BaseException:
                if self._depth == 1:
                    self._roll_back()
                raise
            finally:
                self._depth -= 1
                if not self._depth:
                    self._owner = None
                    self._run_afterwards()

    @property
    def is_writing(self) -> bool:
        """Whether this thread is inside a transaction."""
        return self._owner == threading.get_ident()

    def afterwards(self, act: Callable[[], None]) -> None:
        """Do something when the transaction of this thread has ended, either way."""
        self._afterwards.append(act)

    def _run_afterwards(self) -> None:
        acts, self._afterwards = self._afterwards, []
        for act in acts:
            act()

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
        """A cursor of this thread's own, or the transaction that this thread is in."""
        if self.is_writing:
            yield self._connection
            return
        cursor = self._root.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    def close(self) -> None:
        """Write everything into the one file and let it go."""
        with self._lock:
            self._connection.close()
            self._root.close()

    def _roll_back(self) -> None:
        with suppress(duckdb.TransactionException):  # a failed commit has rolled back already
            self._connection.execute("ROLLBACK")
