"""New columns for a model's tables: added to those that have room, or in tables of their own."""

from collections.abc import Sequence
from itertools import groupby

import pyarrow as pa

from monitor.store.columns import SQL
from monitor.store.database import Database
from monitor.store.layout import FeatureColumn, ModelTable, part_of


def add_columns(database: Database, table: ModelTable, new: Sequence[FeatureColumn]) -> None:
    """Add columns, ascending, to predictions and reference; in the transaction of whoever calls.

    Each ALTER costs a look at every column of its table, so no table has very many.
    """
    with database.transaction():
        for source in (table.predictions, table.reference):
            for part, group in groupby(new, key=lambda column: column.part):
                name = part_of(source, part)
                columns = [f"{column.column} {SQL[column.type]}" for column in group]
                if part > max(table.parts, default=0):
                    database.write(f"CREATE TABLE {name} (place BIGINT, {', '.join(columns)})")
                    continue
                for column in columns:
                    database.write(f"ALTER TABLE {name} ADD COLUMN {column}")
        size = len(new)
        features = {
            "model": pa.array([table.number] * size, pa.int32()),
            "number": pa.array([column.number for column in new], pa.int32()),
            "name": pa.array([column.name for column in new], pa.string()),
            "type": pa.array([str(column.type) for column in new], pa.string()),
        }
        database.insert("feature", list(features), pa.table(features))
