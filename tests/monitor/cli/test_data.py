"""Files are cut into parts, and no value changes on the way."""

import csv
import io

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cli import run
from monitor.cli.data import log, parts
from monitor.core.errors import BodyError
from monitor.core.rows import Body, Kind
from monitor.service.bodies import decode

_CELL = st.text(st.sampled_from('a1",\n\r é'), max_size=6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


def test_ids_and_versions_of_a_csv_file_arrive_as_they_are_written(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("prediction_id,version,features.a\n007,1.10,1\n010,2.0,2\n")

    ((kind, content),) = parts(file)
    rows = decode(Body(content, kind), Kind.PREDICTIONS)

    assert list(map(str, rows.columns["prediction_id"])) == ["007", "010"]
    assert list(map(str, rows.columns["version"])) == ["1.10", "2.0"]


def test_a_large_csv_file_is_cut_between_rows_and_each_part_has_the_header(tmp_path):
    file = tmp_path / "rows.csv"
    lines = [f'{n:07},"two\nlines, of {n}"\r\n' for n in range(45_000)]
    file.write_text("\ufeffprediction_id,features.a\r\n" + "".join(lines), newline="")

    done = [decode(Body(c, kind), Kind.PREDICTIONS) for kind, c in parts(file)]

    assert [rows.size for rows in done] == [20_000, 20_000, 5_000]
    assert not any(rows.rejected for rows in done)
    ids = np.concatenate([np.array(rows.columns["prediction_id"]) for rows in done])
    assert [int(i) for i in ids] == list(range(45_000))


@given(st.lists(st.tuples(_CELL, _CELL), min_size=1, max_size=5), st.sampled_from(["\n", "\r\n"]))
def test_the_parts_of_a_csv_file_hold_its_records_in_order(folder, rows, end):
    text = io.StringIO()
    csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([("x", "y"), *rows])
    file = folder / "rows.csv"
    file.write_bytes(text.getvalue().encode())

    assert b"".join(content for _, content in parts(file)) == file.read_bytes()


def test_bytes_that_are_no_text_are_left_to_the_service(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_bytes(b"prediction_id,features.a\n1,\xff\n")

    assert [content for _, content in parts(file)] == [file.read_bytes()]


def _broken(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + b"\0" * 2000 + content[middle + 2000 :]


@pytest.mark.parametrize("damage", [lambda b: b[:-20], lambda _: b"PAR1", _broken])
def test_a_damaged_parquet_file_is_one_line(tmp_path, damage, capsys):
    file = tmp_path / "rows.parquet"
    values = np.random.default_rng(1).normal(size=5000)
    pq.write_table(pa.table({"features.a": values}), file, compression="gzip")
    file.write_bytes(damage(file.read_bytes()))

    with pytest.raises(BodyError, match=r"cannot read .*rows\.parquet: .+"):
        list(parts(file))
    command = ["--model", "m", "--url", "http://127.0.0.1:9", str(file)]
    assert run(lambda **options: log.main(command, **options)) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_an_unknown_ending_is_wrong_usage(tmp_path):
    file = tmp_path / "rows.xlsx"
    file.touch()

    with pytest.raises(click.UsageError, match="known endings"):
        list(parts(file))
