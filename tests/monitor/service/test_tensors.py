"""Tensors are cut along their first axis, however their data is nested."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from monitor.core.errors import BodyError
from monitor.service.tensors import tensors

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
_TENSOR = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("name", "shape", "datatype", "data", "parameters"), _JSON)
)


def tensor(array, name="x", nested=False, **parameters):
    data = array if nested else array.ravel()
    sent = {"name": name, "shape": list(array.shape), "datatype": "INT64", "data": data.tolist()}
    return sent | ({"parameters": parameters} if parameters else {})


@given(arrays(int, array_shapes(max_dims=4, max_side=4)), st.booleans())
def test_an_array_is_cut_into_its_rows(array, nested):
    (read,) = tensors([tensor(array, nested=nested)], "inputs")

    assert read.width == array[0].size
    assert np.array_equal(np.reshape(read.values, array.shape), array)
    assert read.is_flat == (array.ndim <= 2)


@given(st.lists(_TENSOR, max_size=3) | _JSON)
def test_whatever_is_sent_is_read_or_refused(sent):
    try:
        read = tensors(sent, "inputs")
    except BodyError as problem:
        assert str(problem).startswith("inputs")
    else:
        assert len({len(t.values) for t in read}) <= 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"shape": [3, 2]}, "2 values do not fill the shape [3, 2]"),
        ({"shape": []}, "shape must be"),
        ({"shape": [1000000000, 0]}, "shape must be"),
        ({"shape": [True]}, "shape must be"),
        ({"name": 7}, "name must be text"),
        ({"data": "AAE="}, "data must be an array"),
        ({"data": [[1], 2]}, "nested unevenly"),
        ({"parameters": {"binary_data_size": 8}}, "binary tensor data is not read"),
    ],
)
def test_a_tensor_that_is_none_is_refused_with_the_reason(change, said):
    with pytest.raises(BodyError) as problem:
        tensors([tensor(np.array([1, 2])) | change], "inputs")

    assert said in str(problem.value)


def test_tensors_of_one_request_have_as_many_rows_and_other_names():
    one, two = np.zeros((2, 1), int), np.zeros(3, int)
    with pytest.raises(BodyError, match="has 3 rows"):
        tensors([tensor(one), tensor(two, "y")], "inputs")
    with pytest.raises(BodyError, match="same name"):
        tensors([tensor(one), tensor(one)], "inputs")


@pytest.mark.parametrize("names", [["a", "b"], "a, b"])
def test_names_along_the_last_axis_come_from_the_parameters(names):
    (read,) = tensors([tensor(np.zeros((1, 2), int), feature_names=names)], "inputs")

    assert read.names == ["a", "b"]
