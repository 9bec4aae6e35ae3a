"""Opens a data directory: one journal, one DuckDB file, and all that is kept in them."""

import errno
import fcntl
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from monitor.core.errors import DataDirectoryError, DiskError
from monitor.core.ports import Clock, Decoder, Told
from monitor.core.rows import Accepted, Body, Kind
from monitor.store.arrivals import Arrivals
from monitor.store.bins import BinBook
from monitor.store.catalog import Catalog
from monitor.store.database import CHECKPOINT_BYTES, Database
from monitor.store.door import Door, unwatched
from monitor.store.findings import Findings
from monitor.store.folding import Folder
from monitor.store.incidents import Incidents
from monitor.store.journal import SEGMENT_BYTES, Journal
from monitor.store.ledger import StoredLedger
from monitor.store.profiles import StoredProfiles
from monitor.store.reading import Reading
from monitor.store.reference import Infer, References
from monitor.store.resources import Resources
from monitor.store.seen import Places, Seen
from monitor.store.snapshots import Snapshots
from monitor.store.tables import Tables

_IDLE = timedelta(seconds=60)


class Predictions(Reading):
    """Keeps PredictionLog: rows in at the door, out of the tables."""

    def __init__(self, database: Database, catalog: Catalog, folder: Folder) -> None:
        super().__init__(database, catalog)
        self._folder = folder
        self.door: Door | None = None

    def append(self, model: str, kind: Kind, body: Body) -> "Future[Accepted]":
        """Store predictions or actuals; when the future has its result they are on disk."""
        assert self.door is not None, "rows are taken once the store is open"
        return self.door.append(model, kind, body)

    def submit(self, model: str, kind: Kind, body: Body, told: Told) -> None:
        """The same with a call in place of a future."""
        assert self.door is not None, "rows are taken once the store is open"
        self.door.submit(model, kind, body, told)

    def flush(self) -> None:
        """Let what was submitted be written now."""
        assert self.door is not None, "rows are taken once the store is open"
        self.door.flush()

    def wait_folded(self, timeout: timedelta) -> None:
        """Return once all that was acknowledged before this call can be read."""
        self._folder.wait(timeout)


@dataclass(frozen=True, slots=True)
class Store:
    """Everything that is kept, by the port that it keeps."""

    catalog: Catalog
    predictions: Predictions
    profiles: StoredProfiles
    references: References
    findings: Findings
    incidents: Incidents
    ledger: StoredLedger
    snapshots: Snapshots
    resources: Resources
    arrivals: Arrivals
    folder: Folder
    door: Door
    journal: Journal
    database: Database
    lock: int

    def close(self) -> None:
        """Write and fold what was acknowledged, then let the directory go."""
        self.door.close()
        self.folder.close()
        self.journal.close()
        self.database.close()
        os.close(self.lock)


def open_store(
    directory: Path,
    *,
    decoder: Decoder,
    infer: Infer,
    clock: Clock,
    idle: timedelta = _IDLE,
    segment_bytes: int = SEGMENT_BYTES,
    checkpoint_bytes: int = CHECKPOINT_BYTES,
    wrote: Callable[[float], None] = unwatched,
) -> Store:
    """Open a data directory, made if it is not there, and fold what its journal still holds.

    `wrote` is called with the seconds of each write of the journal.
    Raises DataDirectoryError if it cannot be used, JournalDamagedError, UnavailableError while the
    disk is full; whatever it raises, the directory is let go.
    """
    with ExitStack() as undo:
        lock = locked(directory)
        undo.callback(os.close, lock)
        database = Database(directory / "watchkeeper.duckdb", checkpoint_bytes)
        undo.callback(database.close)
        catalog, bins = Catalog(database), BinBook(database)
        profiles, tables = StoredProfiles(database, catalog, bins), Tables(database, catalog)
        filters = _Filters(database, catalog)
        folder = Folder(database, catalog, profiles, tables, decoder, filters.folded)
        journal = Journal(directory / "journal", folder.position, segment_bytes)
        undo.callback(journal.close)
        folder.start(journal)
        undo.callback(folder.close)
        filters.load()
        undo.pop_all()
    reading = Predictions(database, catalog, folder)
    door = reading.door = Door(journal, catalog, decoder, filters.of, clock, folder, wrote)
    return Store(
        catalog,
        reading,
        profiles,
        References(
            database, catalog, bins, profiles, tables, reading, folder, decoder, infer, clock
        ),
        Findings(database),
        Incidents(database),
        StoredLedger(database, catalog, reading, folder, idle),
        Snapshots(database, catalog),
        Resources(database, catalog),
        Arrivals(database, catalog),
        folder,
        door,
        journal,
        database,
        lock,
    )


class _Filters:
    """Which ids each model has, once somebody asks."""

    def __init__(self, database: Database, catalog: Catalog) -> None:
        self._database = database
        self._catalog = catalog
        self._models: dict[str, Seen] = {}

    def load(self) -> None:
        """Learn those of every model, so that the first request need not wait for it."""
        for model in self._catalog.names():
            self.of(model)

    def of(self, model: str) -> Seen:
        """Those of one model."""
        if model not in self._models:
            self._models[model] = _seen(self._database, self._catalog, model)
        return self._models[model]

    def folded(self, model: str, position: int, places: Places) -> None:
        """All before a position of the journal can be read, what came last at these places."""
        if model in self._models:
            self._models[model].folded(position, places)


def _seen(database: Database, catalog: Catalog, model: str) -> Seen:
    """The ids that a model's table holds."""
    table = catalog.table(model).predictions

    def stored(ids: Sequence[str], places: Places) -> list[str]:
        found = database.read(
            f"""
            SELECT prediction_id FROM {table}
            WHERE place >= $first AND place < $end AND prediction_id IN (SELECT unnest($ids))
            """,
            ids=ids,
            first=places[0],
            end=places[1],
        )
        return [i for (i,) in found]

    seen = Seen(stored)
    with database.reading() as cursor:
        cursor.execute(f"SELECT place, prediction_id FROM {table} ORDER BY place")
        while part := cursor.fetchmany(100_000):
            seen.load([i for _, i in part], (part[0][0], part[-1][0] + 1))
    return seen


def locked(directory: Path) -> int:
    """Make and lock the directory: a second service on the same one must not start."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as problem:
        if problem.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskError(os.strerror(problem.errno)) from problem
        raise DataDirectoryError(f"cannot use {directory}: {problem.strerror}") from problem
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise DataDirectoryError(f"another process uses {directory} already") from None
    return lock
