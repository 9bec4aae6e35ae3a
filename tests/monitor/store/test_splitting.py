import json
import tracemalloc
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from alike import alike
from builders import NOON, sent, store_with
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.errors import BodyError
from monitor.core.rows import Body, Kind, Rejection, Rows, Scattered
from monitor.store.gathering import Part, gather
from monitor.store.splitting import bounded

rows = st.lists(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 9)), max_size=5)


def part(number, given_rows, *, scattered=False, arrow=False):
    """The rows of two bodies, the second of one row; the first row of all counts for nothing."""
    names = dict.fromkeys(name for row in given_rows for name in row)
    features = {n: [row.get(n) for row in given_rows] for n in names}
    absent = {n: np.array([n not in row for row in given_rows]) for n in names}
    if arrow:
        features, absent = {n: pa.array(v) for n, v in features.items()}, {}
    if scattered:
        features, absent = Scattered(given_rows), {}
    size = len(given_rows)
    sizes = [size - 1, 1] if size > 1 else [size]
    return Part(
        Rows(size, {"score": list(range(size))}, features, absent, [Rejection(0, "no")][:size]),
        [1] if size > 1 else [],
        sizes,
        [1000 * number, 1000 * number + 1][: len(sizes)],
        [f"{number}a", f"{number}b"][: len(sizes)],
    )


def listed(gathered):
    """Row by row: id, arrival, score, features."""
    features = {
        n: c if isinstance(c, list) else c.to_pylist() for n, c in gathered.features.items()
    }
    absent = gathered.absent
    return [
        (
            gathered.prediction_ids[n],
            int(gathered.received_at[n]),
            gathered.columns["score"][n],
            {f: v[n] for f, v in features.items() if not (f in absent and absent[f][n])},
        )
        for n in range(gathered.size)
    ]


@given(
    st.lists(rows, max_size=4), st.integers(1, 20), st.booleans(), st.sets(st.sampled_from("abxyz"))
)
def test_stretches_hold_the_same_rows_in_the_same_order(bodies, cells, scattered, known):
    whole = [part(n, body) for n, body in enumerate(bodies) if body]
    cut = [part(n, body, scattered=scattered) for n, body in enumerate(bodies) if body]

    groups = list(bounded(cut, lambda: known, cells))

    expected = [row for p in whole for row in listed(gather([p]))]
    assert [row for group in groups for row in listed(gather(group))] == expected
    for group in groups:
        size = sum(p.rows.size for p in group)
        names = known.union(*(p.rows.features for p in group))
        assert size == 1 or len(names) * size <= cells


def test_arrow_columns_are_cut_like_lists():
    body = [{"a": n} for n in range(5)]
    groups = list(bounded([part(0, body, arrow=True)], lambda: (), 2))

    assert [p.rows.size for (p,) in groups] == [2, 2, 1]
    assert [row for g in groups for row in listed(gather(g))] == listed(gather([part(0, body)]))


@pytest.fixture
def store(tmp_path):
    opened = store_with(tmp_path)
    yield opened
    opened.close()


def test_rows_that_have_no_feature_in_common_are_kept_in_little_memory(store):
    """As columns these would be 11 million cells, in lists, masks and arrays."""
    names = [[f"f{row}"] for row in range(3300)]
    body = [
        {
            "prediction_id": f"p{row}",
            "timestamp": NOON.isoformat(),
            "features": dict.fromkeys(held, row),
        }
        for row, held in enumerate(names)
    ]
    tracemalloc.start()
    done = store.predictions.append("m", Kind.PREDICTIONS, Body(json.dumps(body).encode()))
    assert done.result(10).accepted == 3300
    store.predictions.wait_folded(timedelta(seconds=60))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    for row in store.predictions.by_id("m", ["p0", "p250", "p3299"]):
        number = int(row["prediction_id"][1:])
        assert alike(row["features"], dict.fromkeys(names[number], number))
    assert len(store.catalog.table("m").columns) == 3300
    assert peak < 200e6


def test_a_reference_whose_rows_have_no_feature_in_common_is_refused(store):
    body = [{"features": {f"f{row}-{n}": n for n in range(10)}} for row in range(1100)]
    with pytest.raises(BodyError, match="few rows share any"):
        store.references.put("m", Body(json.dumps(body).encode()))


def test_rows_of_a_model_with_many_features_are_folded_in_stretches(store):
    sent(store, [{"prediction_id": "wide", "features": {f"f{n}": n for n in range(3000)}}])
    narrow = [{"prediction_id": f"p{n}", "features": {"f7": n}} for n in range(8000)]
    sent(store, narrow)

    found = store.predictions.by_id("m", ["p0", "p7999"])
    assert [row["features"] for row in found] == [{"f7": 0}, {"f7": 7999}]
