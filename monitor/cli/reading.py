"""A file of rows as bodies of a bounded size, whatever its own: only one is in memory at a time.

Rows without an id get one that is made of the file's content and the number of the row, so that
the same file sent again doubles nothing. No value is changed on the way.
"""

import csv
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import zstandard

from monitor.cli.columns import Columns
from monitor.cli.csv_parts import csv_parts
from monitor.cli.files import ARROW, CSV, JSON, NDJSON, PARQUET, MadeIds, media_type
from monitor.cli.json_parts import json_parts, ndjson_parts
from monitor.cli.parts import Part
from monitor.cli.table_parts import arrow_parts, parquet_parts
from monitor.core.errors import BodyError

_BROKEN = (OSError, EOFError, zlib.error, pa.ArrowException, csv.Error, zstandard.ZstdError)
_READERS: Mapping[str, Callable[[Path, Columns, MadeIds], Iterator[Part]]] = {
    CSV: csv_parts,
    NDJSON: ndjson_parts,
    JSON: json_parts,
    PARQUET: parquet_parts,
    ARROW: arrow_parts,
}


def parts(file: Path, columns: Columns) -> Iterator[Part]:
    """The parts of a file, in order.

    Raises UsageError for an unknown ending or column, BodyError for a file that cannot be read.
    """
    read = _READERS[media_type(file)]
    try:
        yield from read(file, columns, MadeIds(file))
    except _BROKEN as problem:
        said = (str(problem).splitlines() or [type(problem).__name__])[0][:200]
        raise BodyError(f"cannot read {file}: {said}") from problem
