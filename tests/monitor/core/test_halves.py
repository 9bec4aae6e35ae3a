"""What two halves make, whatever is in them."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.halves import Half, Side, joined

_FEATURES = st.lists(st.fixed_dictionaries({"features": st.dictionaries(st.text(), st.integers())}))
_ANSWERS = st.lists(st.fixed_dictionaries({"prediction": st.integers()}))


def _half(side, rows, **shared):
    return Half("m", "e", "", side, None, rows, shared)


@given(_FEATURES, _ANSWERS)
def test_every_part_of_both_halves_stands_in_the_row_of_its_number(asked, answered):
    request, response = _half(Side.REQUEST, asked), _half(Side.RESPONSE, answered)

    rows = list(joined(request, response, 5000))

    assert len(rows) == max(len(asked), len(answered))
    assert len({row["prediction_id"] for row in rows}) == len(rows)
    for number, row in enumerate(rows):
        assert row["features"] == (asked[number]["features"] if number < len(asked) else {})
        assert row.get("prediction") == (
            answered[number]["prediction"] if number < len(answered) else None
        )
        assert row["timestamp"] == 5


def test_tags_of_both_are_put_together_and_the_version_is_that_of_the_response():
    request = _half(Side.REQUEST, [{"features": {}}], tags={"a": "1", "b": "1"})
    response = _half(Side.RESPONSE, [{"tags": {"b": "2"}}], version="3")

    (row,) = joined(request, response, 0)

    assert row["tags"] == {"a": "1", "b": "2"}
    assert row["version"] == "3"
