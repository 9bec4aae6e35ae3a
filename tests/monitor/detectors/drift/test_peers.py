"""Our distances against what Evidently 0.7.23 and NannyML 0.13.1 computed on the same rows."""

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest
from drift_compat import evidently, nannyml
from frames import FRAMES

CHUNK = {"car_loan": 5_000, "car_price": 6_000}


@cache
def column(frame, name, text):
    values = pd.read_parquet(FRAMES / f"{frame}.parquet", columns=[name])[name]
    if not text:
        return values.to_numpy(np.float64, na_value=np.nan)
    if values.dtype.kind in "bif":  # 1, 1.0 and True are one class
        values = values.astype(float)
    return np.array([None if pd.isna(v) else str(v) for v in values], object)


@pytest.mark.parametrize("kind", ["num", "cat"])
def test_every_value_of_evidently_is_met(kind):
    expected = json.loads((FRAMES / "drift_expected.json").read_text())["columns"]
    columns = {name: c for name, c in expected.items() if c["kind"] == kind}
    seen = 0
    for name, said in columns.items():
        sides = [column(f"drift_{s}", name, kind == "cat") for s in ("reference", "current")]
        for method, value in said["methods"].items():
            found = evidently(method, *sides)
            assert found == pytest.approx(value["value"], rel=1e-6, abs=1e-12), (name, method)
            seen += 1

    assert seen == {"num": 80, "cat": 30}[kind]


@pytest.mark.parametrize("model", CHUNK)
def test_every_value_of_nannyml_is_met(model):
    found = pd.read_parquet(FRAMES / f"{model}_expected.parquet")
    rows = found[(found.calculator == "univariate") & (found.period == "analysis")]
    texts = set(rows[rows.method == "chi2"].column)
    assert len(rows) >= 200
    for row in rows.itertuples():
        before = column(f"{model}_reference", row.column, row.column in texts)
        now = column(f"{model}_analysis", row.column, row.column in texts)
        chunk = now[row.start_index : row.end_index + 1]
        assert len(chunk) == CHUNK[model]
        value = nannyml(row.method, before, chunk)
        assert value == pytest.approx(row.value, rel=1e-6, abs=1e-9), (row.column, row.method)
