"""The same rows get the same verdicts, and are read the same, whatever their format."""

import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
from formats import ARROW, NDJSON, PARQUET, arrow, listed, read
from hypothesis import given, settings
from hypothesis import strategies as st

SCHEMA = pa.schema(
    [
        ("prediction_id", pa.string()),
        ("timestamp", pa.string()),
        ("version", pa.string()),
        ("prediction", pa.string()),
        ("score", pa.float64()),
        ("features", pa.struct([("age", pa.float64()), ("city", pa.string())])),
    ]
)
TIMES = (
    "2024-05-01T12:00:00Z",
    "2024-05-01 12:00:00.25+02:00",
    "2024-05-01",
    "2024-12-31T23:59:60Z",
    "yesterday",
    "2024-13-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-01-01T00:00:00Z",
)
words = st.sampled_from(["a", "p-1", "Zürich", "x,y", 'say "so"', "two\nlines", "NaN-like"])
numbers = st.floats(-1e6, 1e6).map(lambda value: value + 0.5)
rows = st.fixed_dictionaries(
    {
        "prediction_id": st.none() | words,
        "timestamp": st.none() | st.sampled_from(TIMES),
        "version": st.none() | words,
        "prediction": st.none() | words,
        "score": st.none() | numbers,
        "features": st.fixed_dictionaries({"age": st.none() | numbers, "city": st.none() | words}),
    }
)


def flat(row):
    named = {name: value for name, value in row.items() if name != "features"}
    return named | {f"features.{name}": value for name, value in row["features"].items()}


def column_wise(sent):
    columns = {name: [row[name] for row in sent] for name in sent[0] if name != "features"}
    columns["features"] = {
        name: [row["features"][name] for row in sent] for name in sent[0]["features"]
    }
    return json.dumps({"columns": columns}).encode()


def parquet(table):
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def csv_file(sent):
    sink = io.StringIO()
    writer = csv.DictWriter(sink, list(flat(sent[0])), quoting=csv.QUOTE_MINIMAL)
    writer.writeheader()
    writer.writerows(map(flat, sent))
    return sink.getvalue().encode()


def formats(sent):
    table = pa.Table.from_pylist(sent, SCHEMA)
    named = table.flatten()
    return {
        "json": (json.dumps(sent).encode(), "application/json"),
        "columns": (column_wise(sent), "application/json"),
        "ndjson": ("\n".join(map(json.dumps, sent)).encode(), NDJSON),
        "arrow": (arrow(table), ARROW),
        "arrow, zstd": (arrow(named, compression="zstd"), ARROW),
        "parquet": (parquet(named), PARQUET),
        "csv": (csv_file(sent), "text/csv"),
    }


def understood(content, media_type):
    """What the store is told of a body: its size, the verdicts, and every value."""
    seen = read(content, media_type)
    filled = {
        name: listed(column)
        for name, column in (*seen.columns.items(), *seen.features.items())
        if any(value is not None for value in listed(column))
    }
    return seen.size, [(r.index, r.error) for r in seen.rejected], filled


@given(st.lists(rows, min_size=1, max_size=5))
@settings(deadline=None, max_examples=80)
def test_the_same_rows_get_the_same_verdicts_in_every_format(sent):
    seen = {name: understood(*body) for name, body in formats(sent).items()}

    for name, rows_read in seen.items():
        assert rows_read == seen["json"], name
