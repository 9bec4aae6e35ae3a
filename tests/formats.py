"""Bodies in each format, and the rows that are read from one."""

import io
import json

import pyarrow as pa

from monitor.core.rows import Body, Kind
from monitor.service.bodies import decode

ARROW = "application/vnd.apache.arrow.stream"

PARQUET = "application/vnd.apache.parquet"

NDJSON = "application/x-ndjson"


def arrow(table, **options):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as w:
        w.write_table(table)
    return sink.getvalue()


def listed(column):
    return column if isinstance(column, list) else column.to_pylist()


def read(content, media_type="application/json", kind=Kind.PREDICTIONS, encoding="", **options):
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    return decode(Body(content, media_type, encoding), kind, **options)
