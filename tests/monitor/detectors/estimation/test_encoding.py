"""Features as a matrix."""

import numpy as np

from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task
from monitor.core.windows import Sample
from monitor.detectors.estimation.encoding import Encoding

SPEC = ModelSpec(Task.BINARY, {"at": FeatureSpec(FeatureType.TIMESTAMP)})


def sample(cities, at=(0.0, 90_000.0, np.nan)):
    return Sample(
        total=3,
        prediction_ids=range(3),
        numbers={"age": np.array([1.0, np.inf, np.nan]), "at": np.array(at)},
        labels={"city": np.array(cities, object)},
    )


def test_numbers_times_and_categories_have_columns_and_none_vanishes():
    encoding = Encoding.of(SPEC, sample(["Rome", "Rome", "Oslo"]))
    matrix = encoding.matrix(sample(["Oslo", None, "Rome"]))

    assert encoding.categorical == [False, False, False, True]
    expected = [[1, 0, 0, 1], [np.nan, 3600, 90_000, np.nan], [np.nan, np.nan, np.nan, 0]]
    np.testing.assert_array_equal(matrix, expected)


def test_unseen_and_rare_categories_share_a_code():
    many = np.array([f"c{i // 2}" for i in range(100)], object)
    encoding = Encoding.of(SPEC, Sample(100, range(100), labels={"city": many}))
    codes = encoding.matrix(
        Sample(3, range(3), labels={"city": np.array(["c0", "x", "y"], object)})
    )

    assert codes[0, 0] < codes[1, 0] == codes[2, 0] == 30


def test_a_feature_that_is_gone_is_missing():
    encoding = Encoding.of(SPEC, sample(["Rome", "Rome", "Oslo"]))

    assert np.isnan(encoding.matrix(Sample(2, range(2)))).all()
    assert Encoding.of(SPEC, Sample(0)).matrix(Sample(2, range(2))).shape == (2, 0)
