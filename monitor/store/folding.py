"""Folds the journal into tables and profiles.

Rows and the position up to which they were folded are committed in one transaction, so a crash at
any instant repeats nothing and skips nothing. Nobody waits on DuckDB to be acknowledged.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby, islice

import numpy as np
import pyarrow as pa

from monitor.core.errors import DiskError, UnavailableError
from monitor.core.ports import Decoder
from monitor.core.rows import MICROSECOND, Kind, Rows
from monitor.store.backlog import Backlog
from monitor.store.catalog import Catalog
from monitor.store.database import Database
from monitor.store.gathering import Gathered, Part, gather
from monitor.store.journal import Journal
from monitor.store.layout import ModelTable
from monitor.store.profiles import StoredProfiles
from monitor.store.record import Record, made_id, read_record
from monitor.store.seen import Places
from monitor.store.splitting import bounded
from monitor.store.tables import Tables
from monitor.store.tally import stamps

_LOG = logging.getLogger(__name__)
_LINGER = timedelta(seconds=2)
_ENOUGH_BYTES = 256 << 20
_STEP_BYTES = 16 << 20
_STEP_RECORDS = 20_000
_PACKED = 32
_STEP_ROWS = 100_000
_RETRY_SECONDS = 1.0
_AHEAD = timedelta(days=1) // MICROSECOND


class Folder:
    """One thread that follows the journal.

    Whoever writes the journal holds `handover` until it has said what it wrote: what is folded was
    then said to be written before.
    """

    def __init__(
        self,
        database: Database,
        catalog: Catalog,
        profiles: StoredProfiles,
        tables: Tables,
        decoder: Decoder,
        folded: Callable[[str, int, Places], None],
    ) -> None:
        self._database = database
        self._catalog = catalog
        self._profiles = profiles
        self._tables = tables
        self._decoder = decoder
        self._folded = folded
        self.backlog = Backlog()
        self.handover = threading.Lock()
        self._journal: Journal | None = None
        self._changed = threading.Condition()
        self._idle = False
        self._hurry = False
        self._stop = False
        self._problem: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="fold", daemon=True)
        found = database.read("SELECT position, rows FROM fold")
        if not found:
            database.write("INSERT INTO fold VALUES (0, 0)")
        self._position: int = found[0][0] if found else 0
        self._rows: int = found[0][1] if found else 0
        self._told = self._rows  # the place up to which `folded` has heard of rows

    @property
    def position(self) -> int:
        """The journal is folded up to here."""
        return self._position

    @property
    def rows(self) -> int:
        """The place after the last row that can be read."""
        return self._rows

    @property
    def lag_bytes(self) -> int:
        """Bytes of the journal that wait to be folded."""
        return self._journal.end - self._position if self._journal else 0

    def start(self, journal: Journal) -> None:
        """Fold what the journal holds, then follow it."""
        self._journal = journal
        while self._step(journal):
            pass
        self._position = max(self._position, journal.end)  # a gap at the end has no rows
        self._thread.start()

    def written(self) -> None:
        """The journal has grown."""
        if self._idle or self.lag_bytes >= _ENOUGH_BYTES:  # else the thread wakes by itself
            with self._changed:
                self._changed.notify_all()

    def wait(self, timeout: timedelta) -> None:
        """Return once all that is in the journal now can be read.

        Raises UnavailableError when that takes longer, DiskError at once while the disk is full.
        """
        if self._journal is None:
            return
        target = self._journal.end
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self._position >= target or isinstance(self._problem, DiskError),
                timeout.total_seconds(),
            )
            if self._position >= target:
                return
            if isinstance(self._problem, DiskError):
                raise DiskError(self._problem.said)
            why = f": {self._problem}" if self._problem else ""
            raise UnavailableError(f"rows are still being folded{why}; ask again", 2)

    def place_rows(self, count: int) -> int:
        """Take places for rows that came past the journal; in the transaction that stores them."""
        (place,) = self._database.read("SELECT rows FROM fold")[0]
        self._database.write("UPDATE fold SET rows = rows + $count", count=count)
        return int(place)

    def settle_rows(self) -> None:
        """Places were taken and committed."""
        ((rows,),) = self._database.read("SELECT rows FROM fold")
        with self._changed:
            self._rows = max(self._rows, rows)  # another thread may have read a newer one

    def close(self) -> None:
        """Fold what is in the journal, then stop."""
        with self._changed:
            self._stop = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        assert self._journal is not None
        while True:
            self._linger()
            try:
                if self._problem:
                    self._look_again()
                while self._step(self._journal):
                    pass
                self._problem = None
            except Exception as problem:  # the rows are safe in the journal; try again
                self._failed(problem)
                time.sleep(0 if self._stop else _RETRY_SECONDS)
            if self._stop and (self._problem or not self.lag_bytes):
                return

    def _failed(self, problem: Exception) -> None:
        if not isinstance(problem, DiskError):
            _LOG.error("folding failed at position %d", self._position, exc_info=problem)
        elif str(problem) != str(self._problem):  # a disk that stays full is said once
            _LOG.warning("folding waits at position %d: %s", self._position, problem)
        with self._changed:
            self._problem = problem
            self._changed.notify_all()

    def _look_again(self) -> None:
        """Find out how far it came: a step that failed may have been committed all the same."""
        self._catalog.reload()
        self.settle_rows()
        ((position, rows),) = self._database.read("SELECT position, rows FROM fold")
        if position > self._position:
            found = (self._told, rows)
            self._advance(position, dict.fromkeys(self._catalog.names(), found))

    def _linger(self) -> None:
        """Return when there is enough to fold, or what there is has waited for long enough.

        Many small requests in one transaction cost less, and who sends rows should not have to
        share the processor with the folding of what was sent a moment ago.
        """
        with self._changed:
            self._idle = True
            self._changed.wait_for(lambda: self._stop or self.lag_bytes)
            self._idle = False
            self._changed.wait_for(
                lambda: self._stop or self._hurry or self.lag_bytes >= _ENOUGH_BYTES,
                _LINGER.total_seconds(),
            )
            self._hurry = False

    def _step(self, journal: Journal) -> bool:
        """Fold some records in one transaction; false when there were none."""
        records: list[tuple[int, Record]] = []
        after, size, rows = self._position, 0, 0
        for position, following, payload in journal.read(self._position):
            record = read_record(payload)
            records.append((position, record))
            # What is packed may be much larger than it looks: few of those go together.
            size += len(payload) * (_PACKED if record.is_packed else 1)
            after, rows = following, rows + record.rows
            if size >= _STEP_BYTES or len(records) >= _STEP_RECORDS or rows >= _STEP_ROWS:
                break
        if not records:
            return False
        places: dict[str, Places] = {}
        with self._database.transaction():
            for (model, kind), group in groupby(records, key=lambda r: (r[1].model, r[1].kind)):
                for first, last in self._fold_group(model, kind, list(group)):
                    if kind is Kind.PREDICTIONS:
                        places[model] = (places.get(model, (first, last))[0], last)
            self._database.write("UPDATE fold SET position = $position", position=after)
        self.settle_rows()
        self._advance(after, places)
        journal.forget(after)
        return True

    def _advance(self, position: int, places: Mapping[str, Places]) -> None:
        """All before a position can be read, at these places of each model."""
        with self.handover:
            for model, held in places.items():
                self._folded(model, position, held)
            self.backlog.folded(position)
        self._told = max([self._told, *(end for _, end in places.values())])
        with self._changed:
            self._position = position
            self._changed.notify_all()

    def _parts(
        self, model: str, kind: Kind, records: Sequence[tuple[int, Record]]
    ) -> Iterator[Part]:
        waiting = iter(records)
        for count, rows in self._reread(model, kind, [record for _, record in records]):
            group = list(islice(waiting, count))
            skipped: list[int] = []
            first = 0
            for _, record in group:
                skipped += [first + index for index in record.skipped]
                first += record.rows
            yield Part(
                rows,
                skipped,
                [record.rows for _, record in group],
                [record.received_at for _, record in group],
                [made_id(position) for position, _ in group],
            )

    def _reread(
        self, model: str, kind: Kind, records: Sequence[Record]
    ) -> Sequence[tuple[int, Rows]]:
        """The rows of records, read together, or one by one where that goes wrong.

        What was acknowledged must be folded: bodies that disturb each other must not stop it.
        """
        columns = self._catalog.table(model).columns
        types = {name: column.type for name, column in columns.items()}
        bodies = [record.body for record in records]
        try:
            read = list(self._decoder.reread(bodies, kind, types))
            places = iter(records)
            sizes = [sum(r.rows for r in islice(places, count)) for count, _ in read]
            if sizes == [rows.size for _, rows in read]:
                return read
            _LOG.error("bodies of model %s read together have other rows than each alone", model)
        except Exception:  # each body was read alone at the door, so it can be again
            _LOG.exception("bodies of model %s cannot be read together", model)
        return [part for body in bodies for part in self._decoder.reread([body], kind, {})]

    def _fold_group(
        self, model: str, kind: Kind, records: Sequence[tuple[int, Record]]
    ) -> Iterator[Places]:
        """Fold records of one model and kind; the places of the rows that count."""

        def known() -> Collection[str]:
            return self._catalog.table(model).columns if kind is Kind.PREDICTIONS else ()

        for parts in bounded(self._parts(model, kind, records), known):
            rows = gather(parts)
            if rows.size:
                place = self._fold(model, kind, rows)
                yield place, place + rows.size

    def _fold(self, model: str, kind: Kind, rows: Gathered) -> int:
        """Store and count rows; the place of the first."""
        place = self.place_rows(rows.size)
        if kind is Kind.ACTUALS:
            self._tables.add_actuals(model, rows, place)
            return place
        table, batch = self._tables.add_predictions(model, rows, place)
        self._profiles.add(table, batch)
        self._mark(table, rows, place + rows.size)
        return place

    def _mark(self, table: ModelTable, rows: Gathered, place: int) -> None:
        """Remember which stretches of event time have rows that nobody checked."""
        starts = np.unique(rows.timestamps // table.bucket) * table.bucket
        marks = {
            "model": np.full(len(starts), table.number, np.int32),
            "start": stamps(starts),
            "place": np.full(len(starts), place),
        }
        self._database.insert("unchecked", list(marks), pa.table(marks))
        self._database.write(
            """
            UPDATE model SET latest = greatest(latest, $latest),
                arrived = greatest(arrived, $arrived)
            WHERE number = $model
            """,
            model=table.number,
            latest=_latest(rows),
            arrived=stamps([rows.received_at.max()])[0].as_py(),
        )


def _latest(rows: Gathered) -> datetime | None:
    """The time that has come by what the rows say, UTC without saying so.

    A row from the future says nothing beyond its arrival, and one from far off nothing at all:
    else a single one would end every window to come.
    """
    known = rows.timestamps <= rows.received_at + _AHEAD
    if not known.any():
        return None
    latest = np.minimum(rows.timestamps, rows.received_at)[known].max()
    found: datetime = stamps([latest])[0].as_py()
    return found
