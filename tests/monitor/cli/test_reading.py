"""Files are cut into parts, each row keeps its values and gets an id, and damage is one line."""

import csv
import gzip
import io
import json

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from monitor.cli.columns import Columns
from monitor.cli.reading import parts
from monitor.core.errors import BodyError
from monitor.core.rows import Body, Kind
from monitor.service.bodies import decode

LOG = Columns(Kind.PREDICTIONS)
_CELL = st.text(st.sampled_from('a1",\n\r é'), max_size=6)
_SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


def read(file, columns=LOG):
    """The rows of every part as the service reads them."""
    return [decode(Body(p.content, p.media_type), columns.kind) for p in parts(file, columns)]


def ids(rows):
    return [str(i) for part in rows for i in list(_listed(part.columns["prediction_id"]))]


def _listed(column):
    return column if isinstance(column, list) else column.to_pylist()


def test_ids_and_versions_of_a_csv_file_arrive_as_they_are_written(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("prediction_id,version,features.a\n007,1.10,1\n010,2.0,2\n")

    (rows,) = read(file)

    assert ids([rows]) == ["007", "010"]
    assert _listed(rows.columns["version"]) == ["1.10", "2.0"]


def test_a_large_csv_file_is_cut_between_rows_and_each_part_has_the_header(tmp_path):
    file = tmp_path / "rows.csv"
    lines = [f'{n:07},"two\nlines, of {n}"\r\n' for n in range(45_000)]
    file.write_text("\ufeffprediction_id,features.a\r\n" + "".join(lines), newline="")

    done = read(file)

    assert [rows.size for rows in done] == [20_000, 20_000, 5_000]
    assert not any(rows.rejected for rows in done)
    assert [int(i) for i in ids(done)] == list(range(45_000))


@given(st.lists(st.tuples(_CELL, _CELL), min_size=1, max_size=5), st.sampled_from(["\n", "\r\n"]))
def test_the_records_of_a_csv_file_stand_in_its_parts_as_they_were_written(folder, rows, end):
    text = io.StringIO()
    csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([("x", "y"), *rows])
    file = folder / "rows.csv"
    file.write_bytes(text.getvalue().encode())

    (part,) = parts(file, LOG)

    read_back = list(csv.reader(io.StringIO(part.content.decode(), newline="")))
    assert read_back[0] == ["prediction_id", "features.x", "features.y"]
    assert [tuple(row[1:]) for row in read_back[1:]] == rows
    assert len({row[0] for row in read_back[1:]}) == len(rows)


def test_bytes_that_are_no_text_are_left_to_the_service(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_bytes(b"prediction_id,features.a\n1,\xff\n")

    assert [p.content for p in parts(file, LOG)] == [file.read_bytes()]


@pytest.mark.parametrize("ending", ["", ".gz", ".zst"])
@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_packed_texts_are_read(tmp_path, kind, ending):
    rows = [{"prediction_id": f"p{i}", "features": {"a": i}} for i in range(3)]
    text = "".join(json.dumps(r) + "\n" for r in rows)
    if kind == "csv":
        text = "prediction_id,features.a\n" + "".join(f"p{i},{i}\n" for i in range(3))
    pack = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}[ending]
    file = tmp_path / f"rows.{kind}{ending}"
    file.write_bytes(pack(text.encode()))

    (done,) = read(file)

    assert ids([done]) == ["p0", "p1", "p2"]
    assert _listed(done.features["a"]) == [0, 1, 2]


def table(**columns):
    return pa.table(columns)


def written(tmp_path, data, name="rows.parquet", **options):
    file = tmp_path / name
    if name.endswith(".parquet"):
        pq.write_table(data, file, **options)
    else:
        make = pa.ipc.new_file if name.endswith(".arrow") else pa.ipc.new_stream
        with make(file, data.schema) as writer:
            writer.write_table(data)
    return file


@pytest.mark.parametrize("name", ["rows.parquet", "rows.arrow", "rows.arrows"])
def test_plain_columns_are_features_and_parts_have_their_names(tmp_path, name):
    file = written(tmp_path, table(age=[41, 7], prediction=[1, 0], actual=[1, 1]), name)

    (rows,) = read(file)

    assert rows.features.keys() == {"age"}
    assert _listed(rows.columns["prediction"]) == [1, 0]
    assert "actual" not in rows.columns


def test_a_struct_of_features_stays_one(tmp_path):
    features = pa.array([{"age": 41, "x": 1}, {"age": 7, "x": 2}])

    (rows,) = read(written(tmp_path, table(features=features, noise=[1, 2])))

    assert rows.features.keys() == {"age", "x"}


def test_columns_may_be_named(tmp_path):
    file = written(tmp_path, table(key=["a", "b"], p=[0.1, 0.9], age=[41, 7], noise=[0, 0]))
    columns = Columns(Kind.PREDICTIONS, {"prediction_id": "key", "score": "p"}, ["age"])

    (rows,) = read(file, columns)

    assert ids([rows]) == ["a", "b"]
    assert _listed(rows.columns["score"]) == [0.1, 0.9]
    assert rows.features.keys() == {"age"}


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet", "rows.ndjson"])
def test_a_column_that_is_not_there_is_wrong_usage_but_in_ndjson(tmp_path, name):
    file = tmp_path / name
    if name == "rows.parquet":
        written(tmp_path, table(age=[1]))
    else:
        file.write_text("age\n1\n" if name == "rows.csv" else '{"age": 1}\n')
    columns = Columns(Kind.PREDICTIONS, {"score": "agee"})

    if name == "rows.ndjson":  # where a row need not have what others have
        assert read(file, columns)[0].features == {"age": [1]}
        return
    with pytest.raises(click.UsageError, match="no column 'agee'; did you mean 'age'"):
        read(file, columns)


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet", "rows.ndjson", "rows.json"])
def test_rows_without_ids_get_the_same_ones_each_time_and_others_in_another_file(tmp_path, name):
    def made(values):
        data = table(prediction_id=pa.array(["p", *[None] * (len(values) - 1)]), a=values)
        file = tmp_path / name
        rows = data.to_pylist()
        if name == "rows.parquet":
            return ids(read(written(tmp_path, data)))
        if name == "rows.json":
            file.write_text(json.dumps(rows))
        elif name == "rows.ndjson":
            file.write_text("\n\n".join(json.dumps(row) for row in rows))
        else:
            file.write_text(data.to_pandas().to_csv(index=False))
        return ids(read(file))

    once, again, other = made([1, 2, 3]), made([1, 2, 3]), made([1, 2, 4])

    assert once[0] == other[0] == "p"
    assert once == again
    assert len(set(once)) == 3
    assert set(once) & set(other) == {"p"}


def test_actuals_of_a_file_have_the_ids_that_its_predictions_had(tmp_path):
    file = written(tmp_path, table(age=[41, 7], actual=[1, 0]))
    (rows,) = read(file, Columns(Kind.ACTUALS))

    assert ids([rows]) == ids(read(file))
    assert _listed(rows.columns["actual"]) == [1, 0]


def test_a_large_parquet_file_is_cut_by_rows_and_by_bytes(tmp_path):
    many = written(tmp_path, table(a=np.arange(45_000)))
    assert [rows.size for rows in read(many)] == [20_000, 20_000, 5_000]

    texts = [f"{i:04}" + "x" * 20_000 for i in range(2000)]
    wide = written(tmp_path, table(a=texts), use_dictionary=False)
    sizes = [len(part.content) for part in parts(wide, LOG)]
    assert len(sizes) > 3
    assert max(sizes) < 16 << 20


@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "é"]), _SCALAR, min_size=1), min_size=1))
def test_the_values_of_ndjson_arrive_as_they_are(folder, rows):
    file = folder / "rows.ndjson"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))

    (part,) = parts(file, LOG)

    sent = [json.loads(line) for line in part.content.splitlines()]
    assert [json.dumps(row["features"]) for row in sent] == [json.dumps(row) for row in rows]


def test_places_are_lines_of_a_text_and_rows_of_a_table(tmp_path):
    text, comma = tmp_path / "rows.ndjson", tmp_path / "rows.csv"
    text.write_text('\n{"a": 1}\n\n{"a": 2}\n')
    comma.write_text('a\n"1\n1"\n2\n')

    assert list(next(parts(text, LOG)).places) == [2, 4]
    assert list(next(parts(comma, LOG)).places) == [2, 4]
    assert list(next(parts(written(tmp_path, table(a=[1, 2])), LOG)).places) == [0, 1]


def test_what_is_no_object_is_left_to_the_service(tmp_path):
    file = tmp_path / "rows.ndjson"
    file.write_text('7\n[1]\n{"a": \n{"prediction_id": "p"}\n{"features": 7, "features.a": 1}\n')

    (rows,) = read(file)

    assert [r.index for r in rows.rejected] == [0, 1, 2, 3]


def test_a_json_file_of_columns_is_sent_as_it_is(tmp_path):
    file = tmp_path / "rows.json"
    file.write_text('{"columns": {"features": {"a": [1, 2]}}}')

    assert read(file)[0].features == {"a": [1, 2]}


def _broken(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + b"\0" * 2000 + content[middle + 2000 :]


@pytest.mark.parametrize("damage", [lambda b: b[:-20], lambda _: b"PAR1", _broken])
def test_a_damaged_parquet_file_is_named(tmp_path, damage):
    values = np.random.default_rng(1).normal(size=5000)
    file = written(tmp_path, table(a=values), compression="gzip")
    file.write_bytes(damage(file.read_bytes()))

    with pytest.raises(BodyError, match=r"cannot read .*rows\.parquet: .+"):
        list(parts(file, LOG))


@pytest.mark.parametrize("name", ["rows.csv.gz", "rows.ndjson.zst", "rows.json", "rows.arrow"])
def test_a_damaged_file_is_named(tmp_path, name):
    file = tmp_path / name
    file.write_bytes(b"\x1f\x8b\x08 and then nothing sound")

    with pytest.raises(BodyError, match="cannot read"):
        list(parts(file, LOG))


def test_memory_stays_small_whatever_the_size_of_the_file(tmp_path):
    import tracemalloc

    file = tmp_path / "rows.csv"
    with file.open("w") as lines:
        lines.write("a,b\n")
        for number in range(700_000):
            lines.write(f"{number},{'x' * 60}\n")
    assert file.stat().st_size > 40 << 20

    tracemalloc.start()
    sizes = [len(part.content) for part in parts(file, LOG)]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert sum(sizes) > 40 << 20
    assert most < 30 << 20
