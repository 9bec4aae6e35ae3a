"""Every format gives the same rows, and no body can do harm."""

import gzip
import io
import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.core.errors import BodyError, BodyTooLargeError, MediaTypeError
from monitor.core.rows import Body, Kind, Rejection
from monitor.service.bodies import decode
from monitor.service.row_parts import RULED

ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
NDJSON = "application/x-ndjson"
NOON = 1_714_564_800_000_000
ROWS = [
    {
        "prediction_id": "a",
        "timestamp": "2024-05-01T12:00:00Z",
        "version": "3",
        "features": {"age": 41.0, "gender": "Male"},
        "prediction": 1,
        "score": 0.9,
    },
    {
        "prediction_id": "b",
        "timestamp": "2024-05-01T12:00:01Z",
        "version": "3",
        "features": {"age": 7.0, "gender": None},
        "prediction": 0,
        "score": 0.2,
    },
]


def arrow(table, **options):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as w:
        w.write_table(table)
    return sink.getvalue()


def parquet(table):
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def table_of_rows():
    named = {k: [r[k] for r in ROWS] for k in ROWS[0] if k != "features"}
    named["features.age"] = [r["features"]["age"] for r in ROWS]
    named["features.gender"] = [r["features"]["gender"] for r in ROWS]
    return pa.table(named)


def csv_of_rows():
    return (
        b"prediction_id,timestamp,version,features.age,features.gender,prediction,score\n"
        b"a,2024-05-01T12:00:00Z,3,41.0,Male,1,0.9\n"
        b"b,2024-05-01T12:00:01Z,3,7.0,,0,0.2\n"
    )


def columns_of_rows():
    columns = {k: [r[k] for r in ROWS] for k in ROWS[0]}
    columns["features"] = {k: [r["features"][k] for r in ROWS] for k in ROWS[0]["features"]}
    return json.dumps({"columns": columns}).encode()


FORMATS = {
    "json": (json.dumps(ROWS).encode(), "application/json; charset=utf-8"),
    "columns": (columns_of_rows(), "application/json"),
    "ndjson": ("\n\n".join(json.dumps(r) for r in ROWS).encode() + b"\r\n", NDJSON),
    "arrow": (arrow(table_of_rows()), ARROW),
    "arrow zstd": (arrow(table_of_rows(), compression="zstd"), ARROW),
    "arrow struct": (
        arrow(pa.Table.from_pylist(ROWS)),
        ARROW,
    ),
    "parquet": (parquet(table_of_rows()), PARQUET),
    "parquet struct": (parquet(pa.Table.from_pylist(ROWS)), PARQUET),
    "csv": (csv_of_rows(), "text/csv"),
}


def listed(column):
    return column if isinstance(column, list) else column.to_pylist()


def read(content, media_type="application/json", kind=Kind.PREDICTIONS, encoding="", **options):
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    return decode(Body(content, media_type, encoding), kind, **options)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_rows(name):
    rows = read(*FORMATS[name])

    assert rows.size == 2
    assert rows.rejected == []
    assert listed(rows.columns["prediction_id"]) == ["a", "b"]
    assert listed(rows.columns["timestamp"]) == [NOON, NOON + 1_000_000]
    assert listed(rows.columns["version"]) == ["3", "3"]
    assert listed(rows.columns["prediction"]) == [1, 0]
    assert listed(rows.columns["score"]) == [0.9, 0.2]
    assert listed(rows.features["age"]) == [41.0, 7.0]
    assert listed(rows.features["gender"]) == ["Male", None]
    assert not rows.absent


@pytest.mark.parametrize("name", FORMATS)
def test_a_shallow_reading_agrees_with_a_deep_one_in_every_format(name):
    shallow, deep = read(*FORMATS[name], shallow=True), read(*FORMATS[name])

    assert not shallow.features
    assert shallow.size == deep.size
    assert {k: listed(v) for k, v in shallow.columns.items()} == {
        k: listed(v) for k, v in deep.columns.items() if k in RULED
    }


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["2024-05-01T12:00:00Z", "a", "", 10**400, 1714564800000]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
anything = st.dictionaries(
    st.sampled_from(
        ["features", "prediction_id", "timestamp", "version", "prediction", "tags", "actual", "x"]
    ),
    values | st.dictionaries(st.sampled_from(["age", "b"]), values, max_size=2),
)
texts = st.sampled_from(
    ["{}", "1e999", '{"a":1e999}', "NaN", "-", '"\\ud800"', '{"features":{"a":"\\ud800"}}', "[]"]
) | (values | anything).map(json.dumps)


def both(content, media_type, kind):
    outcomes = []
    for shallow in (True, False):
        try:
            rows = read(content, media_type, kind, shallow=shallow)
            names = rows.columns if kind is Kind.ACTUALS else RULED
            columns = repr({k: listed(v) for k, v in rows.columns.items() if k in names})
            outcomes.append((rows.size, list(rows.rejected), columns))
            for feature in (*rows.features.values(), *rows.columns.values()):
                assert len(feature) == rows.size
        except BodyError as problem:
            outcomes.append(str(problem))
    return outcomes


@given(st.lists(anything.map(json.dumps) | texts, max_size=4), st.sampled_from(Kind))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_shallow_and_deep_reject_the_same_rows(rows, kind):
    array = both(f"[{','.join(rows)}]".encode(), "application/json", kind)
    lines = both("\n".join(rows).encode(), NDJSON, kind)

    assert array[0] == array[1]
    assert lines[0] == lines[1]
    if kind is not Kind.REFERENCE:  # which needs a row
        assert not isinstance(lines[0], str)  # bad lines never refuse the body


@given(st.binary(max_size=60) | st.text(alphabet='[]{}"\\,:1a', max_size=30).map(str.encode))
@settings(deadline=None)
def test_no_bytes_are_worse_than_a_body_error(content):
    for media_type in ("application/json", NDJSON, ARROW, PARQUET, "text/csv"):
        outcome = both(content, media_type, Kind.PREDICTIONS)
        assert (outcome[0] == outcome[1]) or media_type in {ARROW, PARQUET}


@given(st.integers(0, 2**31), st.integers(0, 255))
@settings(deadline=None, max_examples=200)
def test_a_damaged_arrow_or_parquet_body_is_read_or_refused(place, byte):
    for name in ("arrow", "arrow zstd", "parquet", "parquet struct"):
        content, media_type = FORMATS[name]
        content = bytearray(content)
        content[place % len(content)] = byte
        outcome = both(bytes(content), media_type, Kind.PREDICTIONS)
        assert outcome[0] == outcome[1]


def test_one_bad_row_does_not_cost_the_others():
    rows = read(
        [
            {"features": {"age": 1}},
            {"features": None},
            {"features": {"age": 2}, "timestamp": "soon"},
            7,
            {"features": {"age": 3}, "prediction_id": {}},
            {"features": {"age": 4}, "prediction_id": 12, "unknown": 1},
        ],
    )

    assert rows.size == 6
    assert [r.index for r in rows.rejected] == [1, 2, 3, 4]
    assert [r.error.split(":")[0] for r in rows.rejected] == [
        "features",
        "timestamp",
        "row",
        "prediction_id",
    ]
    assert rows.features["age"] == [1, None, None, None, None, 4]
    assert rows.columns["prediction_id"] == [None, None, None, None, None, "12"]


def test_a_bad_value_is_a_value():
    rows = read(b'[{"features": {"age": NaN, "n": 1e999}}, {"features": {"age": "old"}}]')

    assert not rows.rejected
    assert np.isnan(rows.features["age"][0])
    assert rows.features["age"][1] == "old"
    assert rows.features["n"] == [float("inf"), None]
    assert rows.absent["n"].tolist() == [False, True]
    assert "age" not in rows.absent


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("2024-05-01T14:00:00+02:00", NOON),
        ("2024-05-01t12:00:00z", NOON),
        ("2024-05-01 12:00:00", NOON),
        ("2024-05-01T12:00:00.000001Z", NOON + 1),
        ("2024-05-01T11:59:60Z", NOON),
        (1714564800000, NOON),
        (1714564800000.5, NOON + 500),
        (-1, -1000),
        (None, None),
    ],
)
def test_timestamps_are_read(sent, expected):
    rows = read({"features": {}, "timestamp": sent})

    assert not rows.rejected
    assert rows.columns.get("timestamp", [None]) == [expected]


@pytest.mark.parametrize("sent", ["soon", "", True, [], 10**18, -(10**17), "1e3", {}, 1e300])
def test_a_timestamp_that_cannot_be_read_rejects_its_row(sent):
    (rejection,) = read({"features": {}, "timestamp": sent}).rejected

    assert rejection.index == 0
    assert rejection.error.startswith("timestamp: ")


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Australia/Sydney"])
def test_arrow_timestamps_of_any_unit_and_zone_are_read(unit, zone):
    times = pa.array([NOON, None], pa.timestamp("us")).cast(pa.timestamp(unit)).view(pa.int64())
    table = pa.table({"timestamp": times.cast(pa.timestamp(unit, zone)), "features.t": times})

    rows = read(arrow(table), ARROW)

    assert rows.columns["timestamp"] == [NOON, None]


def test_times_outside_of_our_years_reject_a_row_but_not_a_feature():
    far = pa.array([10**15, 0], pa.timestamp("s"))
    rows = read(arrow(pa.table({"timestamp": far, "features.t": far})), ARROW)

    assert [r.index for r in rows.rejected] == [0]
    assert rows.columns["timestamp"] == [None, 0]
    alone = read(arrow(pa.table({"features.t": far})), ARROW)
    assert alone.features["t"] == ["1000000000000000 s", datetime(1970, 1, 1, tzinfo=UTC)]


@pytest.mark.parametrize("shallow", [False, True])
@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        ("0001-12-31T23:59:59", False),
        ("0002-01-01T00:00:00", True),
        ("9997-12-31T23:59:59", True),
        ("9998-01-01T00:00:00", False),
        ("9999-12-31T23:59:59", False),
    ],
)
def test_event_times_lie_within_the_years_that_are_computed_with(text, is_kept, shallow):
    time = datetime.fromisoformat(text).replace(tzinfo=UTC)
    number = (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    rows = [{"timestamp": t, "features": {"a": 1}} for t in (text, number)]
    columns = {"timestamp": [text, number], "features": {"a": [1, 1]}}
    csv = f"timestamp,features.a\n{text},1\n{number},1\n".encode()
    tables = [pa.table({"timestamp": [v, v], "features.a": [1, 1]}) for v in (text, number, time)]
    bodies = [
        (json.dumps(rows).encode(), "application/json"),
        (json.dumps({"columns": columns}).encode(), "application/json"),
        ("\n".join(map(json.dumps, rows)).encode(), "application/x-ndjson"),
        (csv, "text/csv"),
        *((arrow(table), ARROW) for table in tables),
    ]
    for content, media_type in bodies:
        done = decode(Body(content, media_type), Kind.PREDICTIONS, shallow=shallow)

        assert [r.index for r in done.rejected] == ([] if is_kept else [0, 1]), media_type
        assert all(r.error.startswith("timestamp: ") for r in done.rejected)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"", "application/json"),
        (b" ", "application/json"),
        (b"[]", "application/json"),
        (b'{"columns": {}}', "application/json"),
        (b"\n", NDJSON),
        (b"features.a\n", "text/csv"),
        (b'[{"features": 3}]', "application/json"),
        (b"{", NDJSON),
    ],
)
def test_a_reference_without_a_row_is_refused(content, media_type):
    with pytest.raises(BodyError, match=r"no rows?"):
        decode(Body(content, media_type), Kind.REFERENCE)
    assert decode(Body(b"[]"), Kind.PREDICTIONS).size == 0


def test_actuals_need_an_id_and_an_actual():
    rows = read(
        [
            {"prediction_id": "a", "actual": 0},
            {"prediction_id": "b", "actual": None},
            {"actual": 1},
            {"prediction_id": 5, "actual": ""},
        ],
        kind=Kind.ACTUALS,
    )

    assert rows.rejected == [
        Rejection(1, "actual: is required"),
        Rejection(2, "prediction_id: is required"),
    ]
    assert rows.columns == {"prediction_id": ["a", None, None, "5"], "actual": [0, None, None, ""]}


def test_actuals_of_a_table_lack_what_is_null():
    rows = read(b"prediction_id,actual\n007,1\n,0\nx,\n", "text/csv; header=present", Kind.ACTUALS)

    assert [r.index for r in rows.rejected] == [1, 2]
    assert rows.columns["prediction_id"] == ["007", None, None]


def test_csv_lines_with_wrong_cells_are_rejected_and_the_rest_lives():
    rows = read(b'features.a,features.b\n1,x\n\n1\n"2","y\nz"\n1,2,3\n3,\n', "text/csv")

    assert [r.index for r in rows.rejected] == [1, 3]
    assert listed(rows.features["a"]) == [1, None, 2, None, 3]
    assert listed(rows.features["b"]) == ["x", None, "y\nz", None, None]


def test_one_text_among_the_numbers_of_a_csv_column_does_not_make_all_of_them_texts():
    rows = read(b"features.age\n41\nold\n7\nnan\n", "text/csv")

    assert rows.features["age"][:3] == [41.0, "old", 7.0]
    assert np.isnan(rows.features["age"][3])


def test_csv_timestamps_are_text_or_epoch_milliseconds():
    rows = read(b"features.a,timestamp\n1,1714564800000\n2,2024-05-01T12:00:00Z\n3,x\n", "text/csv")

    assert rows.columns["timestamp"] == [NOON, NOON, None]
    assert [r.index for r in rows.rejected] == [2]


@pytest.mark.parametrize("content", [b"", b"[]", b"  "])
@pytest.mark.parametrize("media_type", ["application/json", NDJSON, ""])
def test_an_empty_body_is_no_rows(content, media_type):
    assert (read(content, media_type, shallow=True).size == 0) is not (
        content == b"[]" and media_type == NDJSON
    )


def test_an_empty_table_is_no_rows():
    assert read(arrow(pa.table({"x": pa.array([], pa.int64())})), ARROW).size == 0
    assert read(b"features.a\n", "text/csv").size == 0


def test_a_table_without_features_says_how_to_name_them():
    with pytest.raises(BodyError, match=r"'features\.NAME'.*rename 'age' to 'features\.age'"):
        read(b"age\n1\n", "text/csv")


def test_columns_may_be_features_by_themselves():
    rows = read({"columns": {"age": [1, 2], "prediction_id": ["a", "b"]}})

    assert rows.features == {"age": [1, 2]}


@pytest.mark.parametrize(
    "body",
    [
        {"columns": {"features": {"a": [1, 2], "b": [1]}}},
        {"columns": {"features": {"a": 1}}},
        {"columns": {"features": []}},
        {"columns": {"prediction_id": ["a"]}},
        "text",
        7,
    ],
)
def test_a_body_that_is_no_rows_is_refused(body):
    with pytest.raises(BodyError) as caught:
        read(body)
    assert caught.value.status == 400


@pytest.mark.parametrize("content", [b"{", b"[{}", b"\xff\xfe", b"[1] 2", b"[" * 100_000])
def test_what_is_no_json_is_refused(content):
    with pytest.raises(BodyError):
        read(content)


def test_nesting_is_bounded_whatever_is_written_between():
    for filler in ("", '"]"', '"\\"]"', '"]["'):
        deep = "".join(f"[{filler}{',' if filler else ''}" for _ in range(70)) + "1" + "]" * 70
        assert json.loads(deep)
        with pytest.raises(BodyError, match="nested deeper"):
            read(f'[{{"features": {{"a": {deep}}}}}]'.encode())
        (rejection,) = read(f'{{"features": {{"a": {deep}}}}}'.encode(), NDJSON).rejected
        assert "nested deeper" in rejection.error


def test_brackets_in_texts_are_no_nesting():
    assert not read({"features": {"a": "[" * 500, "b": '\\"{' * 200}}).rejected


def test_an_unreadable_line_is_a_rejected_row():
    rows = read(b'{"features": {}}\n{"features": \nnull\n\xff\n{"features": {}}', NDJSON)

    assert rows.size == 5
    assert [r.index for r in rows.rejected] == [1, 2, 3]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_packed_bodies_are_unpacked(pack):
    encoding = "gzip" if pack is gzip.compress else "zstd"
    packed = pack(json.dumps(ROWS).encode())

    assert read(packed, encoding=encoding).size == 2
    assert read(packed, encoding=encoding.upper()).size == 2
    with pytest.raises(BodyError, match="damaged or cut short"):
        read(packed[:-6], encoding=encoding)
    with pytest.raises(BodyError, match="damaged or cut short"):
        read(b"nonsense", encoding=encoding)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_bomb_is_not_unpacked_past_the_bound(pack):
    encoding = "gzip" if pack is gzip.compress else "zstd"
    before = pa.total_allocated_bytes()
    with pytest.raises(BodyTooLargeError):
        read(pack(b" " * 50_000_000), encoding=encoding, limit=1_000_000)
    assert pa.total_allocated_bytes() - before < 10_000_000


def test_a_bomb_inside_arrow_or_parquet_is_not_unpacked():
    long = pa.array(["z" * 10_000]).take(pa.array([0] * 5_000))
    table = pa.table({"features.s": long, "features.x": [0.0] * 5_000})
    bombs = [
        (arrow(table, compression="zstd"), ARROW),
        (arrow(pa.table({"features.s": long.dictionary_encode()})), ARROW),
        (parquet(table), PARQUET),
        (arrow(pa.table({"features.n": pa.nulls(2_000_000)})), ARROW),
        (arrow(pa.table({"features.v": pa.array(["z" * 9_000] * 500, pa.string_view())})), ARROW),
    ]
    assert all(len(content) < 1_000_000 for content, _ in bombs[:4])
    for content, media_type in bombs:
        with pytest.raises(BodyTooLargeError):
            read(content, media_type, limit=1_000_000)


def test_arrow_of_polars_is_read():
    frame = pl.DataFrame(
        {
            "prediction_id": ["a", "b"],
            "features": [{"x": 1, "c": "u"}, {"x": 2, "c": "v"}],
            "features.cat": pl.Series(["p", "q"], dtype=pl.Categorical),
            "features.day": [date(2024, 5, 1), None],
            "features.vector": [[1.0, 2.0], [3.0, 4.0]],
        }
    )
    sink = io.BytesIO()
    frame.write_ipc_stream(sink)

    rows = read(sink.getvalue(), ARROW)

    assert {name: listed(column) for name, column in rows.features.items()} == {
        "x": [1, 2],
        "c": ["u", "v"],
        "cat": ["p", "q"],
        "day": [datetime(2024, 5, 1, tzinfo=UTC).replace(tzinfo=None), None],
        "vector": [[1.0, 2.0], [3.0, 4.0]],
    }


def test_a_null_struct_is_a_row_without_features():
    features = pa.array([{"a": 1}, None], pa.struct([("a", pa.int64())]))
    rows = read(arrow(pa.table({"features": features, "score": [0.5, 0.6]})), ARROW)

    assert [r.index for r in rows.rejected] == [1]
    assert listed(rows.features["a"]) == [1, None]
    assert listed(rows.columns["score"]) == [0.5, None]


def test_odd_types_are_values():
    table = pa.table(
        {
            "features.map": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())),
            "features.half": pa.array(np.array([1, 2], np.float16)),
            "features.bytes": pa.array([b"x", None]),
            "features.span": pa.array([1, 2], pa.duration("s")),
            "score": pa.array([{"a": 0.25}, {"a": 0.75}]),
        }
    )
    rows = read(arrow(table), ARROW)

    assert rows.features["map"] == [{"a": 1}, None]
    assert listed(rows.features["half"]) == [1.0, 2.0]
    assert rows.features["bytes"] == [b"x", None]
    assert rows.columns["score"] == [{"a": 0.25}, {"a": 0.75}]


def test_two_columns_of_one_name_are_refused():
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["features.a"] * 2)
    with pytest.raises(BodyError, match="twice"):
        read(arrow(table), ARROW)


def test_unknown_types_and_encodings_are_named():
    with pytest.raises(MediaTypeError, match=r"application/xml.*known: application/json"):
        read([], "application/xml")
    with pytest.raises(MediaTypeError, match=r"br.*known: gzip"):
        read([], encoding="br")


def test_version_is_text():
    sent = [3, 3.0, "3", True, None, {"a": 1}]
    rows = read([{"features": {}, "version": v} for v in sent])

    assert rows.columns["version"] == ["3", "3", "3", "1", None, '{"a":1}']
