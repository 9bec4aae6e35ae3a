"""Which models there are, what is watched about each, and where its rows lie.

Names that users chose are values here and never part of a statement: the tables of a model and
their feature columns are numbered.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import msgspec
import pyarrow as pa

from monitor.core.errors import SpecError, UnknownModelError
from monitor.core.rows import MICROSECOND
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task, model_name, span_text
from monitor.store.database import Database
from monitor.store.forms import Form
from monitor.store.growing import add_columns
from monitor.store.layout import FeatureColumn, ModelTable, merged
from monitor.store.retyping import Retyping

_ID = "prediction_id VARCHAR USING COMPRESSION zstd"
"""No two are alike: the search for a dictionary among them took a fifth of each checkpoint."""
_ENVELOPE = f"""
    place BIGINT, {_ID}, timestamp TIMESTAMP, received_at TIMESTAMP,
    version VARCHAR, prediction {{outcome}}, score DOUBLE, scores VARCHAR, latency_ms DOUBLE,
    tags VARCHAR"""
_ACTUAL = f"""
    place BIGINT, {_ID}, timestamp TIMESTAMP, received_at TIMESTAMP,
    actual {{outcome}}"""


class Catalog:
    """Keeps SpecBook; hands the store's other parts the table of each model.

    `on_change(before, after)` is called inside the transaction that changes a model's table.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tables: Mapping[str, ModelTable] = {}
        self._drafts: Mapping[str, ModelTable] = (
            self._tables
        )  # what the transaction under way makes of them
        self.on_change: list[Callable[[ModelTable, ModelTable], None]] = []
        database.on_end.append(self._ended)
        database.on_reopen.append(self.reload)
        self.reload()

    def reload(self) -> None:
        """Hold what is committed: after a transaction that failed."""
        with self._database.transaction():  # nobody is changing it meanwhile
            self._drafts = {
                name: self._loaded(number, name, declared, inferred)
                for number, name, declared, inferred in self._database.read(
                    "SELECT number, name, declared, inferred FROM model ORDER BY number"
                )
            }

    def declare(self, model: str, spec: ModelSpec) -> ModelSpec:
        """Register or update what the user declared."""
        with self._database.transaction():
            known = self._held().get(model_name(model))
            if known is None:
                return self._create(model, spec).spec
            _check_task(known, spec)
            return self._change(known, spec, known.inferred).spec

    def consider(self, model: str, spec: ModelSpec) -> ModelSpec:
        """What would hold if it were declared; nothing changes."""
        table = self.table(model)
        _check_task(table, spec)
        considered = merged(spec, table.inferred)
        for name, column in table.columns.items():
            said = considered.features.get(name, FeatureSpec()).type
            if said is not None and said is not column.type:
                raise SpecError(
                    f"features.{name}.type: its values were counted as {column.type}; only after "
                    "the spec is declared can they be judged as another type"
                )
        if considered.window.every % (table.bucket * MICROSECOND):
            step = span_text(table.bucket * MICROSECOND)
            raise SpecError(
                f"window.every: history is counted in steps of {step}; give a multiple of that"
            )
        return considered

    def get(self, model: str) -> ModelSpec:
        """What holds for a model."""
        return self.table(model).spec

    def names(self) -> Sequence[str]:
        """Every registered model, in order of name."""
        return sorted(self._held())

    def table(self, model: str) -> ModelTable:
        """Where a model's rows lie. Raises UnknownModelError."""
        held = self._held()
        try:
            return held[model]
        except KeyError:
            raise UnknownModelError(model, held) from None

    def tables(self) -> Sequence[ModelTable]:
        """Those of all models."""
        return list(self._held().values())

    def _held(self) -> Mapping[str, ModelTable]:
        """What is committed; for the thread that changes it, what it has made of it."""
        return self._drafts if self._database.is_writing else self._tables

    def _hold(self, table: ModelTable) -> None:
        self._drafts = {**self._drafts, table.name: table}

    def _ended(self, committed: bool) -> None:
        if committed:
            self._tables = self._drafts
        else:
            self._drafts = self._tables

    def grow(self, model: str, types: Mapping[str, FeatureType]) -> ModelTable:
        """Columns for features that came without being declared; they count as inferred."""
        with self._database.transaction():
            table = self.table(model)
            inferred = dict(table.inferred.features)
            for name, kind in types.items():
                inferred[name] = replace(inferred.get(name, FeatureSpec()), type=kind)
            return self.learn(model, replace(table.inferred, features=inferred))

    def learn(self, model: str, inferred: ModelSpec) -> ModelTable:
        """Replace what was inferred about a model."""
        with self._database.transaction():
            table = self.table(model)
            return self._change(table, table.declared, inferred)

    def _create(self, model: str, spec: ModelSpec) -> ModelTable:
        with self._database.transaction() as connection:
            ((highest,),) = self._database.read("SELECT coalesce(max(number), 0) FROM model")
            number = int(highest) + 1
            outcome = "DOUBLE" if spec.task is Task.REGRESSION else "VARCHAR"
            empty = ModelSpec(task=spec.task)
            table = ModelTable(number, model, spec, empty, merged(spec, empty))
            envelope = _ENVELOPE.format(outcome=outcome)
            connection.execute(
                f"CREATE TABLE {table.predictions} ({envelope}, forms BLOB, extra VARCHAR)"
            )
            connection.execute(f"CREATE TABLE {table.actuals} ({_ACTUAL.format(outcome=outcome)})")
            connection.execute(
                f"CREATE TABLE {table.reference} ({envelope}, actual {outcome}, owner VARCHAR)"
            )
            connection.execute(
                "INSERT INTO model (number, name, declared, inferred) VALUES (?, ?, ?, ?)",
                [number, model, _written(spec), _written(empty)],
            )
            table = self._with_columns(table)
        self._hold(table)
        return table

    def _change(self, table: ModelTable, declared: ModelSpec, inferred: ModelSpec) -> ModelTable:
        spec = merged(declared, inferred)
        self._database.write(
            "UPDATE model SET declared = $declared, inferred = $inferred WHERE number = $number",
            declared=_written(declared),
            inferred=_written(inferred),
            number=table.number,
        )
        after = replace(table, declared=declared, inferred=inferred, spec=spec)
        after = self._with_columns(after)
        self._hold(after)
        try:
            for changed in self.on_change:
                changed(table, after)
        except BaseException:
            self._hold(table)
            raise
        return after

    def keep_forms(self, model: str, forms: Mapping[str, Form]) -> ModelTable:
        """Remember how the values of features are usually sent."""
        with self._database.transaction():
            table = self.table(model)
            columns = {
                name: replace(held, form=forms.get(name, held.form))
                for name, held in table.columns.items()
            }
            after = replace(table, columns=columns)
            batch = pa.table(
                {
                    "number": pa.array([columns[name].number for name in forms], pa.int32()),
                    "form": pa.array(list(forms.values()), pa.uint8()),
                }
            )
            with self._database.staged(batch) as connection:
                connection.execute(
                    "UPDATE feature SET form = batch.form FROM batch "
                    "WHERE feature.model = ? AND feature.number = batch.number",
                    [table.number],
                )
            self._hold(after)
            return after

    def _with_columns(self, table: ModelTable) -> ModelTable:
        """The table with a column for each feature whose type is known.

        A feature whose type changed gets a new column with what can be read of the old values.
        """
        ((highest,),) = self._database.read(
            "SELECT coalesce(max(number), 0) FROM feature WHERE model = $model", model=table.number
        )
        new: list[FeatureColumn] = []
        for name, feature in table.spec.features.items():
            held = table.columns.get(name)
            if feature.type is not None and (held is None or held.type is not feature.type):
                new.append(FeatureColumn(highest + len(new) + 1, name, feature.type))
        if not new:
            return table
        add_columns(self._database, table, new)
        changed = {
            column.name: Retyping(self._database, table, table.columns[column.name], column).read()
            for column in new
            if column.name in table.columns
        }
        return replace(
            table, columns={**table.columns, **{column.name: column for column in new}, **changed}
        )

    def _loaded(self, number: int, name: str, declared: str, inferred: str) -> ModelTable:
        said = msgspec.json.decode(declared, type=ModelSpec)
        learned = msgspec.json.decode(inferred, type=ModelSpec)
        rows = self._database.read(
            "SELECT number, name, type, form FROM feature WHERE model = $model ORDER BY number",
            model=number,
        )
        columns = {
            name: FeatureColumn(n, name, FeatureType(kind), None if form is None else Form(form))
            for n, name, kind, form in rows
        }
        return ModelTable(number, name, said, learned, merged(said, learned), columns)


def _check_task(table: ModelTable, spec: ModelSpec) -> None:
    if spec.task != table.spec.task:
        raise SpecError(
            f"model {table.name!r} is {table.spec.task}, and a task stays for good; "
            "register the other one under another name"
        )


def _written(spec: ModelSpec) -> str:
    return msgspec.json.encode(spec).decode()
