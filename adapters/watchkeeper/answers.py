"""Reads what a model answered, of whatever shape, as one answer a row."""

from collections.abc import Mapping
from typing import Any

from watchkeeper.columns import columns_of
from watchkeeper.frames import FrameError

PARTS = ("prediction", "score", "prediction_id", "timestamp")


def answers_of(answer: Any, rows: int) -> Mapping[str, Any]:
    """A model's answer to so many rows as columns by part. Raises FrameError if it does not fit.

    What has a `prediction` is taken apart, any other value is the prediction.

    >>> answers_of([0, 1], 2), answers_of([0.2, 0.8], 1)
    ({'prediction': [0, 1]}, {'prediction': [[0.2, 0.8]]})
    >>> answers_of([{"prediction": 1, "score": 0.8, "took": 3}], 1)
    {'prediction': [1], 'score': [0.8]}
    """
    if not _is_table(answer):
        return {"prediction": _one_a_row(answer, rows)}
    columns = columns_of(answer, rows=rows)
    if "prediction" in columns:
        return {part: columns[part] for part in PARTS if part in columns}
    if len(columns) == 1:
        return {"prediction": next(iter(columns.values()))}
    table = zip(*columns.values(), strict=True)
    return {"prediction": [dict(zip(columns, values, strict=True)) for values in table]}


def _one_a_row(answer: Any, rows: int) -> Any:
    shape = getattr(answer, "shape", None)
    if shape == (rows, 1):
        return answer[:, 0]
    sized = hasattr(answer, "__len__") and shape != () and not isinstance(answer, (str, bytes))
    if sized and len(answer) == rows:
        return answer
    if rows == 1:
        return [answer]
    raise FrameError(f"{len(answer) if sized else 1} answers to {rows} rows")


def _is_table(answer: Any) -> bool:
    several = isinstance(answer, (list, tuple)) and len(answer) > 0
    named = isinstance(answer, Mapping) or hasattr(answer, "columns")
    return named or (several and all(isinstance(one, Mapping) for one in answer))
