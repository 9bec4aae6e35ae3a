"""The named parts of rows as they are stored: what the model answered, and what came with it."""

from collections.abc import Sequence

import pyarrow as pa

from monitor.core.rows import Column
from monitor.core.spec import FeatureType, Task
from monitor.store.columns import Places, typed
from monitor.store.layout import ModelTable
from monitor.store.written import json_text, json_texts


def outcomes(table: ModelTable, column: Column | None, size: int) -> tuple[pa.Array, Places]:
    """Predictions or actuals as they are stored: numbers, or the JSON text of each label."""
    if column is None:
        kind = pa.float64() if table.is_regression else pa.string()
        return pa.nulls(size, kind), ()
    if table.is_regression:
        return numbers(column, size)
    return json_texts(column), ()


def numbers(column: Column | None, size: int) -> tuple[pa.Array, Places]:
    """Numbers, and what is none."""
    fitted = typed([None] * size if column is None else column, FeatureType.NUMBER)
    return fitted.values, fitted.misfits


def scores(
    table: ModelTable, column: Column | None, size: int
) -> tuple[pa.Array, pa.Array, Places]:
    """The score as a number, and as JSON text where it is an object of classes."""
    none = pa.nulls(size, pa.string())
    if column is None or table.spec.task is not Task.MULTICLASS:
        values, wrong = numbers(column, size)
        return values, none, wrong
    listed = column if isinstance(column, list) else column.to_pylist()
    objects = [value if isinstance(value, dict) else None for value in listed]
    rest = [None if isinstance(value, dict) else value for value in listed]
    values, wrong = numbers(rest, size)
    return values, pa.array(json_text(objects), pa.string()), wrong


def tags(column: Column | None, size: int) -> tuple[pa.Array, Places]:
    """Tags as JSON text, and what is no object."""
    if column is None:
        return pa.nulls(size, pa.string()), ()
    values = column if isinstance(column, list) else column.to_pylist()
    objects = [value if isinstance(value, dict) else None for value in values]
    wrong = [
        (row, value)
        for row, value in enumerate(values)
        if value is not None and not isinstance(value, dict)
    ]
    return pa.array(json_text(objects), pa.string()), wrong


def versions(column: Column | None, size: int) -> Sequence[str]:
    """The version of each row, "" where it has none."""
    if column is None:
        return [""] * size
    values = column if isinstance(column, list) else column.to_pylist()
    return ["" if value is None else str(value) for value in values]
