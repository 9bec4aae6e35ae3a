"""Answers of every shape are one a row."""

import numpy as np
import pandas as pd
import pytest
from watchkeeper.answers import answers_of


@pytest.mark.parametrize(
    ("answer", "rows", "predictions"),
    [
        (np.array([0, 1, 0]), 3, [0, 1, 0]),
        (np.array([[0], [1], [0]]), 3, [0, 1, 0]),
        (pd.Series([0, 1, 0]), 3, [0, 1, 0]),
        (pd.DataFrame({"yhat": [0, 1, 0]}), 3, [0, 1, 0]),
        (pd.DataFrame({"a": [0, 1], "b": [2, 3]}), 2, [{"a": 0, "b": 2}, {"a": 1, "b": 3}]),
        ([0, 1, 0], 3, [0, 1, 0]),
        (["no", "yes"], 2, ["no", "yes"]),
        ("yes", 1, ["yes"]),
        (0, 1, [0]),
        (None, 1, [None]),
        (np.float32(0.5), 1, [0.5]),
        ({"prediction": 0}, 1, [0]),
        ({"prediction": [0.5, 0.5]}, 1, [[0.5, 0.5]]),
        ({"prediction": [0, 1]}, 2, [0, 1]),
        ([{"prediction": 0}, {"prediction": 1}], 2, [0, 1]),
        ({"yes": 0.2, "no": 0.8}, 1, [{"yes": 0.2, "no": 0.8}]),
    ],
)
def test_answers_of_every_shape_are_one_a_row(answer, rows, predictions):
    assert list(answers_of(answer, rows)["prediction"]) == predictions


@pytest.mark.parametrize("answer", [[1, 2], np.zeros(5), 7, "yes", None])
def test_answers_that_do_not_fit_the_rows_are_refused(answer):
    with pytest.raises(ValueError, match="answers to 3 rows"):
        answers_of(answer, 3)
