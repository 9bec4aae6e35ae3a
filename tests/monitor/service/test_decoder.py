"""What was let in is read again, many bodies at once, and nothing changes by it."""

import json

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.core.errors import BodyError
from monitor.core.rows import Body, Kind
from monitor.core.spec import FeatureType
from monitor.service.decoder import BodyDecoder

JSON = "application/json"
NDJSON = "application/x-ndjson"
ARROW = "application/vnd.apache.arrow.stream"
TYPES = {
    "age": FeatureType.NUMBER,
    "city": FeatureType.CATEGORY,
    "known": FeatureType.BOOLEAN,
    "e": FeatureType.EMBEDDING,
    "at": FeatureType.TIMESTAMP,
}
decoder = BodyDecoder()

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3)
    | st.sampled_from([0, 0.0, -0.0, False, "", 2**53 + 1, 10**400, "2024-05-01T12:00:00Z"])
)
values = scalars | st.lists(scalars, max_size=3) | st.dictionaries(st.text(max_size=2), scalars)
fitting = st.fixed_dictionaries(
    {},
    optional={
        "age": st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
        "city": st.none() | st.text(max_size=3),
        "known": st.none() | st.booleans(),
        "e": st.none() | st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=3),
    },
)
odd = st.dictionaries(st.sampled_from([*TYPES, "new"]), values)
rows = st.fixed_dictionaries(
    {"features": fitting | odd},
    optional={
        "prediction_id": st.text(min_size=1, max_size=2) | st.integers() | st.none(),
        "timestamp": st.sampled_from(["2024-05-01T12:00:00Z", 1714564800000, 1.5, "soon", None]),
        "version": scalars,
        "prediction": values,
        "score": values,
        "tags": st.dictionaries(st.text(max_size=2), scalars),
    },
)
bodies = st.tuples(
    st.lists(rows, min_size=1, max_size=3), st.sampled_from(["array", "one", "lines"])
)


def body(rows, form):
    if form == "one":
        return Body(json.dumps(rows[0]).encode(), JSON)
    if form == "lines":
        return Body("\n".join(map(json.dumps, rows)).encode(), NDJSON)
    return Body(json.dumps(rows).encode(), JSON)


def told(column):
    return column if isinstance(column, list) else column.to_pylist()


def cells(rows):
    """Each row as pairs of names and values with their types, features that lack left out."""
    lines = []
    for i in range(rows.size):
        parts = {n: told(c)[i] for n, c in rows.columns.items() if told(c)[i] is not None}
        features = {
            n: told(c)[i]
            for n, c in rows.features.items()
            if n not in rows.absent or not rows.absent[n][i]
        }
        lines.append((repr(parts), repr(sorted(features.items()))))
    return lines


def same(one, other):
    """The same but for 1 and 1.0 in a column of numbers, which JSON does not tell apart."""
    return one == other or one.replace(".0", "") == other.replace(".0", "")


@given(st.lists(bodies, max_size=5))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_bodies_read_together_hold_what_each_holds_alone(sent):
    made = [body(*each) for each in sent]

    together = list(decoder.reread(made, Kind.PREDICTIONS, TYPES))

    alone = [decoder.read(each, Kind.PREDICTIONS) for each in made]
    assert sum(count for count, _ in together) == len(made)
    many = [cell for _, rows in together for cell in cells(rows)]
    single = [cell for rows in alone for cell in cells(rows)]
    assert len(many) == len(single)
    for (parts, features), (other_parts, other_features) in zip(many, single, strict=True):
        assert same(parts, other_parts)
        assert same(features, other_features)
    rejected = [r.error for _, rows in together for r in rows.rejected]
    assert rejected == [r.error for rows in alone for r in rows.rejected]


@given(st.lists(bodies, min_size=1, max_size=3))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_look_lets_in_and_rejects_what_a_reading_does(sent):
    for each in sent:
        glance = decoder.look(body(*each), Kind.PREDICTIONS)
        read = decoder.read(body(*each), Kind.PREDICTIONS)

        assert (glance.size, list(glance.rejected)) == (read.size, list(read.rejected))
        assert not glance.features


def test_what_fits_is_read_in_one_piece():
    made = [body([{"features": {"age": i, "city": "a"}}], "one") for i in range(100)]

    ((count, rows),) = decoder.reread(made, Kind.PREDICTIONS, TYPES)

    assert count == rows.size == 100
    assert rows.features["age"].to_pylist() == list(range(100))
    assert list(rows.features) == ["age", "city"]


def test_true_is_no_number_and_one_is_not_true():
    made = [body([{"features": {"age": v}, "prediction": v} for v in (1.0, True)], "array")]

    ((_, rows),) = decoder.reread(made, Kind.PREDICTIONS, TYPES)

    assert [type(v) for v in rows.features["age"]] == [float, bool]
    assert [type(v) for v in told(rows.columns["prediction"])] == [float, bool]


def test_streams_of_one_schema_are_read_in_one_piece_and_others_apart():
    def stream(name):
        sink = pa.BufferOutputStream()
        table = pa.table({"prediction_id": ["a", "b"], f"features.{name}": [1.0, np.nan]})
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return Body(sink.getvalue().to_pybytes(), ARROW)

    parts = decoder.reread(
        [stream("age"), stream("age"), Body(b"", ARROW), stream("b")], Kind.PREDICTIONS, TYPES
    )

    assert [(count, rows.size, list(rows.features)) for count, rows in parts] == [
        (2, 4, ["age"]),
        (1, 0, []),
        (1, 2, ["b"]),
    ]


def test_a_limit_holds_at_the_door_and_not_behind_it():
    small = BodyDecoder(limit=10)
    content = body([{"features": {"age": 1}}], "array")

    try:
        small.look(content, Kind.PREDICTIONS)
    except BodyError as problem:
        assert "10" in str(problem)
    else:
        raise AssertionError("the limit did not hold")
    ((count, rows),) = small.reread([content], Kind.PREDICTIONS, TYPES)
    assert (count, rows.size) == (1, 1)
