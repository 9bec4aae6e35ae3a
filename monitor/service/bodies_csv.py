"""CSV bodies → rows. Numbers are inferred, a column at a time; an empty cell is null."""

import io
import re
from collections.abc import Collection
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc

from monitor.core.errors import BodyError
from monitor.core.rows import Column, Kind, Rows
from monitor.service.table_rows import named_columns, table_rows

_AS_TEXT = {"prediction_id": pa.string(), "version": pa.string(), "timestamp": pa.string()}
_DIGITS = re.compile(r"-?\d+(\.\d*)?")
_CONVERT = {"null_values": [""], "strings_can_be_null": True, "column_types": _AS_TEXT}


def csv_rows(content: bytes, kind: Kind, *, shallow: bool, limit: int) -> Rows:  # noqa: ARG001
    """Rows of a CSV file with a header; a line with too many or too few cells is rejected.

    Raises BodyError if it is not UTF-8 or no CSV.
    """
    try:
        content.decode()
    except UnicodeDecodeError as problem:
        raise BodyError(f"not UTF-8 at byte {problem.start}") from None
    if not content.strip():
        return Rows(0)
    ragged: dict[int, str] = {}

    def skip(row: Any) -> str:
        cells = f"{row.actual_columns} cells where the header has {row.expected_columns}"
        ragged[row.number - 2] = f"row: {cells}"  # numbers begin at 1, with the header
        return "skip"

    try:
        table = pc.read_csv(
            io.BytesIO(content + b"\n"),
            pc.ReadOptions(use_threads=False, block_size=len(content) + 2),
            pc.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
            pc.ConvertOptions(**_CONVERT),
        )
    except pa.ArrowException as problem:
        raise BodyError(f"not CSV: {str(problem).splitlines()[0][:200]}") from None
    table = _with_gaps(table, ragged)
    columns = {name: _mended(name, c) for name, c in named_columns(table).items()}
    return table_rows(columns, table.num_rows, kind, shallow=shallow, faults=ragged)


def _with_gaps(table: pa.Table, skipped: Collection[int]) -> pa.Table:
    """The table with a row of nulls in place of each line that was skipped."""
    if not skipped:
        return table
    kept = iter(range(table.num_rows))
    size = table.num_rows + len(skipped)
    return table.take(pa.array([None if i in skipped else next(kept) for i in range(size)]))


def _mended(name: str, column: Any) -> Column:
    """The column, read again where inference gave up: one bad cell makes all others texts."""
    if name == "timestamp":
        return [_epoch(v) for v in column.to_pylist()]
    if name in _AS_TEXT or not pa.types.is_string(column.type):
        return column
    values = [_number(v) for v in column.to_pylist()]
    numbers = sum(isinstance(v, float) for v in values)
    return values if 2 * numbers > len(values) - column.null_count else column


def _epoch(text: str | None) -> str | float | None:
    """Digits alone are epoch milliseconds."""
    return _number(text) if text and _DIGITS.fullmatch(text) else text


def _number(text: str | None) -> str | float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return text
