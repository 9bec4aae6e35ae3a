"""New columns for a model's tables: one by one, or all at once where they are many."""

from collections.abc import Sequence

import pyarrow as pa

from monitor.store.columns import SQL
from monitor.store.database import Database
from monitor.store.layout import FeatureColumn, ModelTable

_MANY = 32
_SMALL = 4_000_000


def add_columns(database: Database, table: ModelTable, new: Sequence[FeatureColumn]) -> None:
    """Add columns to the predictions and the reference; in the transaction of whoever calls.

    Each ALTER costs a look at every column, so 5,000 take a minute. A table of few values is
    written anew in a second instead.
    """
    with database.transaction():
        for name in (table.predictions, table.reference):
            ((rows,),) = database.read(f"SELECT count(*) FROM {name}")
            width = len(table.columns) + len(new)
            if len(new) >= _MANY and rows * width <= _SMALL:
                _rewrite(database, name, new)
                continue
            for column in new:
                database.write(f"ALTER TABLE {name} ADD COLUMN {column.column} {SQL[column.type]}")
        size = len(new)
        features = {
            "model": pa.array([table.number] * size, pa.int32()),
            "number": pa.array([column.number for column in new], pa.int32()),
            "name": pa.array([column.name for column in new], pa.string()),
            "type": pa.array([str(column.type) for column in new], pa.string()),
        }
        database.insert("feature", list(features), pa.table(features))


def _rewrite(database: Database, name: str, new: Sequence[FeatureColumn]) -> None:
    columns = ", ".join(f"NULL::{SQL[column.type]} AS {column.column}" for column in new)
    database.write(f"CREATE TABLE wider AS SELECT *, {columns} FROM {name}")
    database.write(f"DROP TABLE {name}")
    database.write(f"ALTER TABLE wider RENAME TO {name}")
