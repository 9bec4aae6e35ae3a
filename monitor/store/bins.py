"""The bins that a reference fixes, and the profiles of the reference itself."""

from collections.abc import Mapping

from monitor.core.profile import LATENCY_BINS, UNIT_BINS, Bins, Profile, Profiles
from monitor.core.spec import FeatureType
from monitor.store.batches import LATENCY, PREDICTION, ROWS, SCORE, Batch, stored
from monitor.store.database import Database
from monitor.store.layout import ModelTable
from monitor.store.tally import finite, profile_of

_ALWAYS = {SCORE: UNIT_BINS, LATENCY: LATENCY_BINS}
_BINNED = frozenset({FeatureType.NUMBER, FeatureType.TIMESTAMP})


class BinBook:
    """Which bins count the rows of a version: those of its own reference, else of the model's."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bins: dict[tuple[int, str], dict[int, Bins]] = {}
        self._owners: dict[int, frozenset[str]] = {}
        self._references: dict[tuple[int, str], Profiles] = {}

    def owner(self, table: ModelTable, version: str) -> str:
        """Whose reference holds for a version: its own, or "" for the model's."""
        if table.number not in self._owners:
            found = self._database.read(
                "SELECT version FROM reference WHERE model = $m AND feature = 0", m=table.number
            )
            self._owners[table.number] = frozenset(v for (v,) in found)
        return version if version in self._owners[table.number] else ""

    def of(self, table: ModelTable, version: str) -> Mapping[int, Bins]:
        """The bins by feature number; none where there is no reference."""
        key = table.number, self.owner(table, version)
        if key not in self._bins:
            found = self._database.read(
                "SELECT feature, edges FROM reference "
                "WHERE model = $model AND version = $owner AND feature <> 0",
                model=key[0],
                owner=key[1],
            )
            self._bins[key] = {number: Bins.from_edges(edges) for number, edges in found}
        return self._bins[key]

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
        if key not in self._references:
            bins = self.of(table, version)
            parts = [
                arranged(
                    table,
                    batch.rows,
                    {n: profile_of(c) for n, c in batch.prepared(table, bins).items()},
                )
                for batch in stored(
                    self._database, table, table.reference, "owner = $owner", owner=key[1]
                )
            ]
            self._references[key] = added(parts)
        return self._references[key]

    def forget(self, table: ModelTable) -> None:
        """Look again: the reference or the spec has changed."""
        self._owners.pop(table.number, None)
        self._bins = {k: v for k, v in self._bins.items() if k[0] != table.number}
        self._references = {k: v for k, v in self._references.items() if k[0] != table.number}


def kind_of(table: ModelTable, number: int) -> FeatureType:
    """The type of what a number profiles."""
    if number == PREDICTION and not table.is_regression:
        return FeatureType.CATEGORY
    if number < 0:
        return FeatureType.NUMBER
    return next(c.type for c in table.columns.values() if c.number == number)


def arranged(table: ModelTable, rows: int, made: Mapping[int, Profile]) -> Profiles:
    """Profiles by the names of the features, from profiles by number."""
    features = {c.name: made[c.number] for c in table.columns.values() if c.number in made}
    return Profiles(rows, features, made.get(PREDICTION), made.get(SCORE), made.get(LATENCY))


def added(parts: list[Profiles]) -> Profiles:
    """Profiles of spans that share no row, added up."""

    def sums(profiles: list[Profile | None]) -> Profile | None:
        held = [p for p in profiles if p is not None]
        total = held[0] if held else None
        for other in held[1:]:
            assert total is not None
            total = total + other
        return total

    names = dict.fromkeys(name for part in parts for name in part.features)
    features = {name: sums([p.features.get(name) for p in parts]) for name in names}
    return Profiles(
        sum(p.rows for p in parts),
        {name: profile for name, profile in features.items() if profile is not None},
        sums([p.prediction for p in parts]),
        sums([p.score for p in parts]),
        sums([p.latency for p in parts]),
    )
