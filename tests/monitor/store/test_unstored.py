"""Rows typed as if they were stored."""

import numpy as np
from builders import predictions, sent, store_with

from monitor.core.rows import Rows
from monitor.store.unstored import Unstored


def test_rows_are_read_by_the_types_of_the_model(tmp_path):
    store = store_with(tmp_path)
    try:
        sent(store, predictions(5))
        rows = Rows(2, features={"age": ["x", 4], "new": [1, 2]})

        sample, misfits = Unstored(store.catalog)("m", rows)

        assert np.array_equal(sample.numbers["age"], [np.nan, 4.0], equal_nan=True)
        assert sample.labels["city"].tolist() == [None, None]
        assert misfits == {"age": {0: "x"}}
        assert store.predictions.by_id("m", ["0", "1"]) == []
    finally:
        store.close()
