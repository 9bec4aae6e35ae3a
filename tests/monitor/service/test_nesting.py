"""Nesting is counted as a parser would."""

import json

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.errors import BodyError
from monitor.service.nesting import DEEPEST, check_nesting


def depth(value):
    match value:
        case list():
            return 1 + max(map(depth, value), default=0)
        case dict():
            return 1 + max(map(depth, value.values()), default=0)
    return 0


texts = st.text(alphabet='[]{}"\\a', max_size=6)
values = st.recursive(
    texts | st.none(), lambda v: st.lists(v, max_size=2) | st.dictionaries(texts, v, max_size=2)
)


@given(values, st.integers(0, DEEPEST + 20), texts)
def test_a_text_is_refused_exactly_when_it_is_nested_too_deep(value, wraps, beside):
    for number in range(wraps):
        value = [beside, value, beside] if number % 2 else {beside: value, "z": beside}
    content = json.dumps(value).encode()

    try:
        check_nesting(content)
    except BodyError:
        assert depth(value) > DEEPEST
    else:
        assert depth(value) <= DEEPEST
