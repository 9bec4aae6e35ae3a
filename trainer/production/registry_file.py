"""The SQLite file of the registry: its tables, the connections that threads share, transactions."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS run (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, model TEXT NOT NULL,
    status TEXT NOT NULL, content BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS version (
    model TEXT NOT NULL, number INTEGER NOT NULL, run TEXT NOT NULL, artefact TEXT NOT NULL,
    hash TEXT NOT NULL, created_at TEXT NOT NULL, PRIMARY KEY (model, number));
CREATE TABLE IF NOT EXISTS alias (
    model TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,
    generation INTEGER NOT NULL, PRIMARY KEY (model, name));
CREATE TABLE IF NOT EXISTS history (
    number INTEGER PRIMARY KEY, model TEXT NOT NULL, action TEXT NOT NULL,
    version INTEGER NOT NULL, previous INTEGER, happened_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS trial (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, model TEXT NOT NULL, open BOOLEAN NOT NULL,
    content BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS run_of ON run (model, status);
CREATE INDEX IF NOT EXISTS history_of ON history (model);
"""

_MOST = 8


class RegistryFile:
    """One file, in write-ahead mode: readers never wait, writers wait for each other."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self.writes = 0  # by this process; nobody else writes
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        self._guard = threading.Lock()
        self._free = threading.Semaphore(_MOST)
        self._one_writes = threading.Lock()
        with self.writing() as connection:
            for statement in filter(str.strip, _SCHEMA.split(";")):
                connection.execute(statement)

    def close(self) -> None:
        """Close the connections; one that is in use closes when it is given back."""
        with self._guard:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextmanager
    def _borrowed(self) -> Iterator[sqlite3.Connection]:
        """A connection that nobody else uses meanwhile: an idle one, else one of few new ones."""
        with self._free:
            with self._guard:
                connection = self._idle.pop() if self._idle else None
            connection = connection or self._connect()
            try:
                yield connection
            finally:
                with self._guard:
                    closed = self._closed
                    if not closed:
                        self._idle.append(connection)
                if closed:
                    connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=30, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that no other writer interrupts."""
        with self._one_writes, self._borrowed() as connection:  # or writers kept readers out
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
            self.writes += 1

    def read(self, statement: str, *values: object) -> list[Any]:
        """All rows that a query finds."""
        with self._borrowed() as connection:
            return connection.execute(statement, values).fetchall()
