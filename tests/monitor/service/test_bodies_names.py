"""Whatever a feature is called, rows that were taken in can be read again and again."""

import pytest
from builders import body, prediction, sent, store_with
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.rows import Kind
from monitor.core.spec import FeatureType
from monitor.service.decoder import BodyDecoder

HOSTILE = [
    'a"b',
    "back\\slash",
    "line\nbreak",
    "c\x02ù",
    "\x00",
    "",
    " ",
    "features.x",
    "ü",
    "order",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_rows_are_folded_after_any_name_has_become_known(tmp_path, name):
    store = store_with(tmp_path)
    for number in range(3):
        sent(store, [prediction(number, features={name: 1.5, "age": 2})])

    rows = store.predictions.by_id("m", ["p0", "p1", "p2"])
    store.close()

    assert [row["features"] for row in rows] == [{name: 1.5, "age": 2.0}] * 3


@given(st.lists(st.text(max_size=4), min_size=1, max_size=4, unique=True))
def test_any_names_may_be_known_when_bodies_are_read_again(names):
    sent_body = body([prediction(1, features=dict.fromkeys(names, 1.0))])
    types = dict.fromkeys(names, FeatureType.NUMBER)
    ((count, rows),) = BodyDecoder().reread([sent_body], Kind.PREDICTIONS, types)

    assert (count, rows.size, set(rows.features)) == (1, 1, set(names))
