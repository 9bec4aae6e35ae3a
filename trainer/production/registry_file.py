"""The SQLite file of the registry: its tables, a connection for each thread, transactions."""

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
CREATE INDEX IF NOT EXISTS run_of ON run (model, status);
CREATE INDEX IF NOT EXISTS history_of ON history (model);
"""


class RegistryFile:
    """One file, in write-ahead mode: readers never wait, writers wait for each other."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        with self.writing() as connection:
            for statement in filter(str.strip, _SCHEMA.split(";")):
                connection.execute(statement)

    def close(self) -> None:
        """Close the connections of all threads; nobody may call afterwards."""
        with self._guard:
            for connection in self._open:
                connection.close()
            self._open.clear()

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._local, "connection"):
            connection = sqlite3.connect(
                self._path, timeout=30, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            self._local.connection = connection
            with self._guard:
                self._open.append(connection)
        found: sqlite3.Connection = self._local.connection
        return found

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that no other writer interrupts."""
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def read(self, statement: str, *values: object) -> list[Any]:
        """All rows that a query finds."""
        return self._connection().execute(statement, values).fetchall()
