"""What rows are worth by the user's gains."""

from dataclasses import replace

import numpy as np
import pytest

from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Sample
from monitor.detectors.performance.kpis import business_value

SPEC = ModelSpec(
    Task.BINARY, gains={"1": {"1": 40.0, "0": -20.0}, "0": {"1": -100.0, "0": 0.0}}
)  # fmt: skip


def rows(predicted, actual):
    return Sample(
        len(predicted),
        [str(i) for i in range(len(predicted))],
        prediction=np.array(list(predicted), object),
        actual=np.array(list(actual), object),
    )


def test_the_value_is_the_mean_gain_of_a_row():
    found = business_value(SPEC, rows("1100", "1010"))

    assert found.value == pytest.approx((40 - 100 - 20 + 0) / 4)
    assert found.low < found.value < found.high


def test_pairs_without_a_gain_do_not_count_and_without_gains_there_is_no_value():
    spec = replace(SPEC, gains={"1": {"1": 5.0}})

    assert business_value(spec, rows("110", "110")).value == 5
    assert business_value(replace(SPEC, gains={}), rows("11", "11")) is None
