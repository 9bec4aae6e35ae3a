"""The encoder: dicts and tables agree, nothing unexpected breaks it."""

from datetime import UTC, datetime

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.core.rows import moment
from monitor.core.spec import FeatureSpec, FeatureType
from trainer.research import collect, features
from trainer.research.clean import learn_bounds
from trainer.research.collect import HEAD, Examples
from trainer.research.features import Encoder

KINDS = {
    "number": (
        FeatureType.NUMBER,
        pa.float64(),
        st.floats(width=32) | st.integers(-9, 9).map(float),
    ),
    "flag": (FeatureType.BOOLEAN, pa.bool_(), st.booleans()),
    "colour": (FeatureType.CATEGORY, pa.string(), st.sampled_from(["a", "b", "c", "x", ""])),
    "moment": (
        FeatureType.TIMESTAMP,
        pa.timestamp("us"),
        st.integers(-(10**15), 4 * 10**15).map(lambda us: moment(us).replace(tzinfo=None)),
    ),
    "note": (FeatureType.TEXT, pa.string(), st.text(max_size=9)),
    "vector": (
        FeatureType.EMBEDDING,
        pa.list_(pa.float64()),
        st.lists(st.floats(-5, 5), min_size=2, max_size=3),
    ),
}
ROWS = st.lists(
    st.fixed_dictionaries({n: st.none() | values for n, (_, _, values) in KINDS.items()}),
    min_size=1,
    max_size=25,
)


def examples_of(rows):
    return Examples(
        pa.table(
            {HEAD + n: pa.array([r[n] for r in rows], kind) for n, (_, kind, _) in KINDS.items()}
        )
    )


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, ROWS)
def test_a_table_and_the_dicts_of_its_rows_give_one_matrix_also_after_json(known, rows):
    examples = examples_of(known)
    types = {name: kind for name, (kind, _, _) in KINDS.items()}
    learned = features.learn(examples, types, learn_bounds(examples, types), {})
    encoder = msgspec.json.decode(msgspec.json.encode(learned), type=Encoder)

    by_table, by_dicts = encoder.table(examples_of(rows)), encoder.rows(rows)

    assert by_table.shape == (len(rows), len(encoder.outputs))
    np.testing.assert_array_equal(by_table, by_dicts)
    assert len(encoder.levels) == len(encoder.outputs)
    for column, levels in zip(by_table.T, encoder.levels, strict=True):
        assert not levels or np.nanmax(column, initial=0) <= levels


def learned_of(made, **specs):
    examples = Examples(made.table("binary", 300))
    types = collect.types(made.spec("binary"), examples)
    return features.learn(
        examples, types, learn_bounds(examples, types), {**made.features, **specs}
    )


def test_categories_have_codes_by_frequency_with_synonyms_and_room_for_others(made):
    encoder = learned_of(made)
    (colour,) = (f for f in encoder.features if f.name == "colour")

    codes = encoder.rows([{"colour": c} for c in ("red", "rouge", "mauve", None)])
    place = encoder.outputs.index("colour")

    assert sorted(set(colour.categories.values())) == [1, 2, 3]
    assert codes[0, place] == codes[1, place] == colour.categories["red"]
    assert codes[2, place] == 0
    assert np.isnan(codes[3, place])


def test_extremes_are_bounded_and_times_end_where_they_were_seen(made):
    encoder = learned_of(made)
    found = encoder.rows(
        [{"size": 1e9, "signup": datetime(2030, 1, 1, tzinfo=UTC)}, {"size": -1e9, "signup": 0}]
    )

    size, day = encoder.outputs.index("size"), encoder.outputs.index("signup day")
    assert 3 < found[0, size] < 20
    assert -20 < found[1, size] < -3
    assert found[0, day] - found[1, day] == pytest.approx(299 / 1440)


def test_features_that_do_not_vary_are_left_out(made):
    table = made.table("binary", 100)
    for name, values in {
        "size": pa.nulls(100, pa.float64()),
        "colour": pa.array(["a"] * 100),
    }.items():
        table = table.set_column(table.column_names.index(HEAD + name), HEAD + name, values)
    examples = Examples(table)

    encoder = features.learn(examples, collect.types(made.spec("binary"), examples), {}, {})

    assert {f.name for f in encoder.features} == {"noise", "member", "signup", "note", "vector"}


def test_a_column_of_another_type_is_read_value_by_value(made):
    encoder = learned_of(made)
    columns = {HEAD + "size": ["1.5", "many", None], HEAD + "colour": [1, 2, None]}

    found = encoder.table(Examples(pa.table(columns)))
    same = encoder.rows([{"size": "1.5", "colour": 1}, {"size": "many", "colour": 2}, {}])

    np.testing.assert_array_equal(found, same)
    assert found[0, encoder.outputs.index("size")] == 1.5
    assert np.isnan(found[1, encoder.outputs.index("size")])


def test_a_feature_without_a_declared_type_has_that_of_its_column(made):
    examples = Examples(made.table("binary", 10))
    undeclared = type(made.spec("binary"))(made.spec("binary").task)

    types = collect.types(undeclared, examples)

    assert types["size"] is FeatureType.NUMBER
    assert types["member"] is FeatureType.BOOLEAN
    assert types["signup"] is FeatureType.TIMESTAMP
    assert types["vector"] is FeatureType.EMBEDDING
    assert types["note"] is FeatureType.CATEGORY
    assert FeatureSpec().type is None
