import math

import pyarrow as pa
from alike import alike
from hypothesis import given
from hypothesis import strategies as st

from monitor.store.written import as_json, json_text, json_texts, label_of_json, read_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(values)
def test_a_value_comes_back_from_its_text(value):
    assert alike(read_json(as_json(value)), value)


def test_labels_survive_as_json_and_compare_as_text():
    texts = json_text([1, True, "1", 1.0, "yes", None, math.nan, {"a": 1}, 0.0, -0.0])

    assert texts == [
        *["1", "true", '"1"', "1.0", '"yes"', None, "NaN", '{"a":1}', "0.0", "-0.0"],
    ]
    assert [label_of_json(t) for t in texts[:7]] == ["1", "1", "1", "1", "yes", None, "NaN"]


def test_a_list_and_an_arrow_column_give_the_same_texts():
    assert json_texts(pa.array(["a", None, "a"])) == json_texts(["a", None, "a"])
