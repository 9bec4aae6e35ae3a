"""The bins that a reference fixes, and the profiles of the reference itself."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import reduce
from operator import add
from typing import TypeVar

from monitor.core.profile import LATENCY_BINS, UNIT_BINS, Bins, Profile, Profiles
from monitor.core.spec import FeatureType
from monitor.store.batches import BEYOND, LATENCY, PREDICTION, ROWS, SCORE, Batch, stored
from monitor.store.database import Database
from monitor.store.dividing import divided, frequent
from monitor.store.layout import ModelTable
from monitor.store.tally import finite, profile_of

_ALWAYS = {SCORE: UNIT_BINS, LATENCY: LATENCY_BINS}
_Read = TypeVar("_Read")
_BINNED = frozenset({FeatureType.NUMBER, FeatureType.TIMESTAMP})


class BinBook:
    """Which bins count the rows of a version: those of its own reference, else of the model's."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._owners: dict[tuple[int, str], frozenset[str]] = {}
        self._bins: dict[tuple[int, str], dict[int, Bins]] = {}
        self._references: dict[tuple[int, str], Profiles] = {}
        self._segments: dict[tuple[int, str], frozenset[str]] = {}
        self._generations: dict[int, int] = {}
        self._changing: set[int] = set()

    def generation(self, table: ModelTable) -> int:
        """Grows with each change: what was read under two generations does not go together."""
        return self._generations.get(table.number, 0)

    def owner(self, table: ModelTable, version: str) -> str:
        """Whose reference holds for a version: its own, or "" for the model's."""

        def read() -> frozenset[str]:
            found = self._database.read(
                "SELECT version FROM reference WHERE model = $m AND feature = 0", m=table.number
            )
            return frozenset(v for (v,) in found)

        return version if version in self._kept(self._owners, (table.number, ""), read) else ""

    def of(self, table: ModelTable, version: str) -> Mapping[int, Bins]:
        """The bins by feature number; none where there is no reference."""
        key = table.number, self.owner(table, version)

        return self._kept(self._bins, key, lambda: self._read_bins(key))

    def _read_bins(self, key: tuple[int, str]) -> dict[int, Bins]:
        found = self._database.read(
            "SELECT feature, edges FROM reference "
            "WHERE model = $model AND version = $owner AND feature <> 0",
            model=key[0],
            owner=key[1],
        )
        return {number: Bins.from_edges(edges) for number, edges in found}

    def _kept(
        self, cache: dict[tuple[int, str], _Read], key: tuple[int, str], read: Callable[[], _Read]
    ) -> _Read:
        """What is known, or read now and kept, unless it changed meanwhile.

        Whoever is changing it sees its own changes, which nobody else may see yet.
        """
        if key[0] in self._changing and self._database.is_writing:
            return read()
        if key in cache:
            return cache[key]
        generation = self._generations.get(key[0], 0)
        found = read()
        if self._generations.get(key[0], 0) == generation:
            cache[key] = found
        return found

    def counted(self, table: ModelTable, version: str) -> Mapping[int, Bins]:
        """The same with the bins that never change: of scores and latencies."""
        return {**self.of(table, version), **_ALWAYS}

    def fix(self, table: ModelTable, owner: str) -> None:
        """Fix the bins from the reference rows of an owner; in the transaction that put them."""
        self.forget(table)
        made: dict[int, Bins] = {}
        for batch in stored(self._database, table, table.reference, "owner = $owner", owner=owner):
            made = {**self.made_of(batch), **made}
        rows: list[tuple[int, str, int, list[float]]] = [(table.number, owner, ROWS, [])]
        rows += [
            (table.number, owner, number, bins.edges.tolist()) for number, bins in made.items()
        ]
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM reference WHERE model = ? AND version = ?", [table.number, owner]
            )
            connection.executemany("INSERT INTO reference VALUES (?, ?, ?, ?)", rows)
            self._fix_segments(table, owner)

    def fix_segments(self, table: ModelTable) -> None:
        """Name the segments that are compared anew: the spec has other ones."""
        self.forget(table)
        found = self._database.read(
            "SELECT version FROM reference WHERE model = $m AND feature = 0", m=table.number
        )
        with self._database.transaction():
            for (owner,) in found:
                self._fix_segments(table, owner)

    def _fix_segments(self, table: ModelTable, owner: str) -> None:
        """From the first rows of the owner's reference."""
        self._database.write(
            "DELETE FROM segment WHERE model = $m AND version = $v", m=table.number, v=owner
        )
        if not table.spec.segments:
            return
        rows = stored(self._database, table, table.reference, "owner = $owner", owner=owner)
        first = next(rows, None)
        names = frequent(table, first, self._read_bins((table.number, owner))) if first else []
        for name in names:
            self._database.write(
                "INSERT INTO segment VALUES ($m, $v, $n)", m=table.number, v=owner, n=name
            )

    def segments(self, table: ModelTable, version: str) -> frozenset[str]:
        """The names of the segments that are compared with those of the reference."""
        if not table.spec.segments:
            return frozenset()
        key = table.number, self.owner(table, version)

        def read() -> frozenset[str]:
            found = self._database.read(
                "SELECT name FROM segment WHERE model = $m AND version = $v", m=key[0], v=key[1]
            )
            return frozenset(name for (name,) in found)

        return self._kept(self._segments, key, read)

    def made_of(self, batch: Batch) -> dict[int, Bins]:
        """Bins from the values of a batch."""
        made = {}
        for number, column in batch.columns.items():
            if column.type in _BINNED and number not in _ALWAYS:
                values = finite(column.values)
                if len(values):
                    made[number] = Bins.of(values)
        return made

    def reference(self, table: ModelTable, version: str) -> Profiles:
        """Profiles of the version's reference, else the model's; no rows where there is none."""
        key = table.number, self.owner(table, version)

        def read() -> Profiles:
            bins, names = self.of(table, version), self.segments(table, version)
            parts: dict[str, list[Profiles]] = {"": []}
            for batch in stored(
                self._database, table, table.reference, "owner = $owner", owner=key[1]
            ):
                parts[""].append(_counted(table, batch, bins))
                for name, rows in divided(table, batch, bins, names):
                    parts.setdefault(name, []).append(_counted(table, rows, bins))
            whole, *others = ((n, _known(added(p))) for n, p in parts.items())
            return replace(whole[1], segments=dict(others))

        return self._kept(self._references, key, read)

    def forget(self, table: ModelTable) -> None:
        """Look again: the reference or the spec has changed, or will have with this transaction."""
        self._drop(table.number)
        if self._database.is_writing and table.number not in self._changing:
            self._changing.add(table.number)
            self._database.afterwards(lambda: self._settle(table.number))

    def _settle(self, number: int) -> None:
        self._changing.discard(number)
        self._drop(number)

    def _drop(self, number: int) -> None:
        self._generations[number] = self._generations.get(number, 0) + 1
        for cache in (self._owners, self._bins, self._references, self._segments):
            for key in [key for key in list(cache) if key[0] == number]:
                cache.pop(key, None)


def _known(profiles: Profiles) -> Profiles:
    """Without features that no row of a reference has: their columns came with later rows."""
    features = {n: p for n, p in profiles.features.items() if p.missing < p.rows}
    return replace(profiles, features=features)


def _counted(table: ModelTable, batch: Batch, bins: Mapping[int, Bins]) -> Profiles:
    columns = batch.prepared(table, bins)
    return arranged(table, batch.rows, {n: profile_of(c) for n, c in columns.items()})


def kinds_of(table: ModelTable) -> Mapping[int, FeatureType]:
    """The type of what each number profiles."""
    answers = dict.fromkeys((PREDICTION, SCORE, LATENCY, BEYOND), FeatureType.NUMBER)
    if not table.is_regression:
        answers[PREDICTION] = FeatureType.CATEGORY
    return answers | {c.number: c.type for c in table.columns.values()}


def arranged(table: ModelTable, rows: int, made: Mapping[int, Profile]) -> Profiles:
    """Profiles by the names of the features, from profiles by number."""
    features = {c.name: made[c.number] for c in table.columns.values() if c.number in made}
    beyond = made.get(BEYOND)
    return Profiles(
        rows,
        features,
        made.get(PREDICTION),
        made.get(SCORE),
        made.get(LATENCY),
        beyond.rows - beyond.missing if beyond else 0,
    )


def added(parts: list[Profiles]) -> Profiles:
    """Profiles of spans that share no row, added up."""
    return reduce(add, parts, Profiles())
