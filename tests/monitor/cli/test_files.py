"""Which files are meant, and what they are."""

from pathlib import Path

import click
import pytest

from monitor.cli.files import encoding, found, media_type


def test_patterns_and_names_stand_for_files_each_once(tmp_path):
    for name in ("b.csv", "a.csv", "c[1].csv", "d.parquet"):
        (tmp_path / name).touch()
    (tmp_path / "e.csv").mkdir()

    named = found([f"{tmp_path}/*.csv", f"{tmp_path}/d.parquet", f"{tmp_path}/a.csv"])

    assert [file.name for file in named] == ["a.csv", "b.csv", "c[1].csv", "d.parquet"]
    assert [file.name for file in found([f"{tmp_path}/c[1].csv"])] == ["c[1].csv"]


def test_what_stands_for_nothing_is_wrong_usage(tmp_path):
    for pattern in (tmp_path, tmp_path / "*.csv", tmp_path / "rows.csv"):
        with pytest.raises(click.UsageError, match="no file"):
            found([str(pattern)])


@pytest.mark.parametrize("name", ["rows.xlsx", "rows", "rows.parquet.gz", "rows.gz"])
def test_an_unknown_ending_is_wrong_usage(name):
    with pytest.raises(click.UsageError, match="known endings"):
        media_type(Path(name))


def test_packed_texts_are_what_they_are_beneath():
    assert media_type(Path("rows.CSV.GZ")) == "text/csv"
    assert [encoding(Path(f"rows.csv{e}")) for e in ("", ".gz", ".zst")] == ["", "gzip", "zstd"]
