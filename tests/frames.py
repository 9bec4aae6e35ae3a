"""Car loans and car prices: labelled rows, and what NannyML 0.13.1 computed on them."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Sample

FRAMES = Path(__file__).resolve().parents[1].parent / "shared" / "frames"
SPECS = {"car_loan": ModelSpec(Task.BINARY), "car_price": ModelSpec(Task.REGRESSION)}
_NUMBERS = {
    "car_loan": (
        "car_value",
        "debt_to_income_ratio",
        "loan_length",
        "driver_tenure",
        "repaid_loan_on_prev_car",
    ),
    "car_price": ("car_age", "km_driven", "price_new", "accident_count", "door_count"),
}
_LABELS = {
    "car_loan": ("salary_range", "size_of_downpayment"),
    "car_price": ("fuel", "transmission"),
}
_ACTUAL = {"car_loan": "repaid", "car_price": "y_true"}


@cache
def frame(model: str, period: str) -> Sample:
    """All rows of a period, `reference` or `analysis`."""
    rows = pd.read_parquet(FRAMES / f"{model}_{period}.parquet")
    numbers = {n: rows[n].to_numpy(np.float64) for n in _NUMBERS[model]}
    parts = {
        "total": len(rows),
        "prediction_ids": range(len(rows)),
        "numbers": numbers,
        "labels": {n: _text(rows[n]) for n in _LABELS[model]},
    }
    predicted, actual = rows["y_pred"], rows[_ACTUAL[model]]
    if model == "car_price":
        known = {"prediction": predicted.to_numpy(np.float64), "actual": actual.to_numpy(float)}
    else:
        score = rows["y_pred_proba"].to_numpy(np.float64)
        classes = {"prediction": _text(predicted.astype(int)), "actual": _text(actual.astype(int))}
        known = classes | {"score": score}
    return Sample(**(parts | known))


def _text(column: pd.Series) -> np.ndarray:
    return np.array([None if pd.isna(v) else str(v) for v in column], object)


def part(sample: Sample, start: int, stop: int) -> Sample:
    """Consecutive rows."""

    def cut(values):
        return None if values is None else values[start:stop]

    return Sample(
        total=stop - start,
        prediction_ids=range(stop - start),
        numbers={n: v[start:stop] for n, v in sample.numbers.items()},
        labels={n: v[start:stop] for n, v in sample.labels.items()},
        prediction=cut(sample.prediction),
        score=cut(sample.score),
        scores={n: v[start:stop] for n, v in sample.scores.items()},
        actual=cut(sample.actual),
    )


def chunks(model: str, sample: Sample) -> Iterator[Sample]:
    """The ten chunks of consecutive rows that NannyML looked at."""
    size = sample.rows // 10
    for start in range(0, sample.rows, size):
        yield part(sample, start, start + size)


@cache
def expected(model: str, calculator: str, method: str, period: str = "analysis") -> pd.DataFrame:
    """What NannyML found in each chunk, in order."""
    found = pd.read_parquet(FRAMES / f"{model}_expected.parquet")
    held = (found.calculator == calculator) & (found.method == method) & (found.period == period)
    return found[held].sort_values("chunk_index")
