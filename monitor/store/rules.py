"""Which rows break the rules of a spec: counted by SQL, in a window or in a reference."""

from collections.abc import Mapping, Sequence

import duckdb

from monitor.core.errors import SpecError
from monitor.core.rule_parser import parse
from monitor.core.rules import ANY, KINDS, PARTS, Term
from monitor.core.windows import Broken, Window
from monitor.store.catalog import Catalog
from monitor.store.database import Database
from monitor.store.layout import FeatureColumn, ModelTable, part_of
from monitor.store.reference import References
from monitor.store.samples import SPAN, span_values

_SHOWN = 20


class StoredRules:
    """Keeps RuleLog."""

    def __init__(self, database: Database, catalog: Catalog, references: References) -> None:
        self._database = database
        self._catalog = catalog
        self._references = references

    def broken(self, model: str, version: str, window: Window) -> Mapping[str, Broken]:
        """Of each rule that can be judged: rows, and those of a window that break it."""
        table = self._catalog.table(model)
        where = f"{SPAN} AND version = $version"
        return self._counted(
            table, table.predictions, where, {"version": version, **span_values(window)}
        )

    def broken_before(self, model: str, version: str) -> Mapping[str, Broken]:
        """The same of the version's reference, else the model's."""
        table = self._catalog.table(model)
        owner = self._references.owner(model, version)
        return self._counted(table, table.reference, "owner = $owner", {"owner": owner})

    def _counted(
        self, table: ModelTable, source: str, where: str, values: Mapping[str, object]
    ) -> Mapping[str, Broken]:
        found = {}
        for name, text in table.spec.rules.items():
            counted = self._one(table, text, source, where, values)
            if counted is not None:
                found[name] = counted
        return found

    def _one(
        self,
        table: ModelTable,
        text: str,
        source: str,
        where: str,
        values: Mapping[str, object],
    ) -> Broken | None:
        """None where the rule names what no row has had, or cannot be computed."""
        try:
            rule = parse(text, _kinds(table))
            kept = rule.sql(_columns(table))
        except (SpecError, KeyError):
            return None
        rows = f"FROM {_joined(table, rule, source)} WHERE {where}"
        bad = f"TRY({kept}) IS FALSE"
        try:
            ((total, hits),) = self._database.read(
                f"SELECT count(*), count(*) FILTER ({bad}) {rows}", **values
            )
        except duckdb.BinderException:  # kinds that were not known when the rule was declared
            return None
        ids: Sequence[tuple[str]] = ()
        if hits:
            ids = self._database.read(
                f"SELECT prediction_id {rows} AND {bad} ORDER BY timestamp, place LIMIT {_SHOWN}",
                **values,
            )
        return Broken(total, hits, tuple(prediction_id for (prediction_id,) in ids))


def _kinds(table: ModelTable) -> Mapping[str, str]:
    return PARTS | {name: KINDS.get(held.type, ANY) for name, held in table.columns.items()}


def _columns(table: ModelTable) -> Mapping[str, str]:
    return {name: name for name in PARTS} | {n: h.column for n, h in table.columns.items()}


def _joined(table: ModelTable, rule: Term, source: str) -> str:
    """The rows with all the columns that the rule names, wherever those lie."""
    held: Sequence[FeatureColumn] = [table.columns[n] for n in rule.names() if n in table.columns]
    parts = sorted({h.part for h in held if h.part})
    return source + "".join(f" LEFT JOIN {part_of(source, p)} USING (place)" for p in parts)
