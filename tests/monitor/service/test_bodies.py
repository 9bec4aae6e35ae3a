"""Every format gives the same rows, and no body can do harm."""

import gzip
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from formats import ARROW, NDJSON, PARQUET, arrow, listed, read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.core.errors import BodyError, BodyTooLargeError, MediaTypeError
from monitor.core.rows import Body, Kind, Rejection
from monitor.service.bodies import decode
from monitor.service.row_parts import RULED

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


@pytest.mark.parametrize("content", [b"", b"[]", b"  "])
@pytest.mark.parametrize("media_type", ["application/json", NDJSON, ""])
def test_an_empty_body_is_no_rows(content, media_type):
    assert (read(content, media_type, shallow=True).size == 0) is not (
        content == b"[]" and media_type == NDJSON
    )


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


def test_unknown_types_and_encodings_are_named():
    with pytest.raises(MediaTypeError, match=r"application/xml.*known: application/json"):
        read([], "application/xml")
    with pytest.raises(MediaTypeError, match=r"br.*known: gzip"):
        read([], encoding="br")


def test_version_is_text():
    sent = [3, 3.0, "3", True, None, {"a": 1}]
    rows = read([{"features": {}, "version": v} for v in sent])

    assert rows.columns["version"] == ["3", "3", "3", "1", None, '{"a":1}']
