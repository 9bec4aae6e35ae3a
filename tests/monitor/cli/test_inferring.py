"""A spec from a file, without a service."""

import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.cli import run
from monitor.cli.model import model


def called(*arguments):
    return run(lambda **options: model.main(["infer", *map(str, arguments)], **options))


def columns(rows=2000):
    rng = np.random.default_rng(7)
    return {
        "customer": np.arange(10_000, 10_000 + rows).tolist(),
        "age": rng.integers(18, 90, rows).tolist(),
        "gender": rng.choice(["Female", "Male"], rows).tolist(),
        "amount": [f"{v:.2f}" for v in rng.lognormal(3, 1, rows)],
        "zip": [f"{v:05d}" for v in rng.integers(0, 99_999, rows)],
        "signup": ["2026-01-31T12:00:00Z"] * rows,
        "email": [f"user{i}@example.org" for i in range(rows)],
        "score": rng.random(rows).tolist(),
        "actual": rng.choice(["no", "yes"], rows).tolist(),
    }


def written(tmp_path, kind):
    data = columns()
    if kind == "parquet":
        pq.write_table(pa.table(data), tmp_path / "rows.parquet")
    elif kind == "csv":
        with (tmp_path / "rows.csv").open("w", newline="") as file:
            csv.writer(file).writerows([data.keys(), *zip(*data.values(), strict=True)])
    else:
        parts = ("score", "actual")
        rows = [
            {
                "features": {n: v[i] for n, v in data.items() if n not in parts},
                **{n: data[n][i] for n in parts},
            }
            for i in range(len(data["age"]))
        ]
        (tmp_path / "rows.ndjson").write_text("\n".join(map(json.dumps, rows)))
    return next(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["parquet", "csv", "ndjson"])
def test_the_spec_says_what_the_rows_are(tmp_path, capsys, kind):
    assert called(written(tmp_path, kind)) == 0

    features = json.loads(capsys.readouterr().out)["features"]

    assert {name: f["type"] for name, f in features.items()} == {
        "customer": "number",
        "age": "number",
        "gender": "category",
        "amount": "number" if kind == "csv" else "text",
        "zip": "number" if kind == "csv" else "text",
        "signup": "timestamp",
        "email": "text",
    }
    assert (features["customer"]["min"], features["customer"]["max"]) == (None, None)
    assert features["age"]["max"] > 89
    assert features["gender"]["categories"] == ["Female", "Male"]


def test_the_spec_can_be_written_to_a_file_and_is_one(tmp_path, capsys):
    output = tmp_path / "spec.json"
    file = written(tmp_path, "parquet")

    assert called(file, "--task", "multiclass", "-o", output) == 0

    assert capsys.readouterr().out.startswith("2000 rows, 7 features")
    assert json.loads(output.read_text())["task"] == "multiclass"


def test_a_file_that_cannot_be_read_is_one_line(tmp_path, capsys):
    broken = tmp_path / "rows.parquet"
    broken.write_bytes(b"no parquet at all")

    assert called(broken) == 1
    assert "is no Parquet file" in capsys.readouterr().err
    (tmp_path / "rows.xyz").write_text("x")
    assert called(tmp_path / "rows.xyz") == 2
