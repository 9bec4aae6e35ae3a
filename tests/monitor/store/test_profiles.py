"""Profiles are what a count of the rows would give, whatever is folded, put or promoted."""

import threading
from datetime import timedelta

import numpy as np
import pytest
from builders import (
    NOON,
    actual,
    body,
    generator,
    keep_types,
    prediction,
    predictions,
    sent,
    store_at,
    store_with,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.core.profile import Bins
from monitor.core.rows import Kind
from monitor.core.spec import ModelSpec, Task, WindowSpec
from monitor.core.windows import Window

DAY = Window(NOON - timedelta(days=1), NOON + timedelta(days=1))


@pytest.fixture
def store(tmp_path):
    store = store_with(tmp_path)
    yield store
    store.close()


def reference(count=400, seed=1, **parts):
    rng = generator(seed)
    return [
        prediction(
            n,
            prediction_id=f"r{n}",
            features={"x": float(rng.normal()), "k": int(rng.integers(3)), "c": "ab"[n % 2]},
            actual=n % 2,
            **parts,
        )
        for n in range(count)
    ]


def test_profiles_of_buckets_equal_a_brute_force_count(tmp_path):
    """Any cut into bodies, any window: the merged profile is the count of the rows in it."""
    store = store_with(tmp_path)
    store.references.put("m", body(reference()))
    rng = generator(2)
    rows = [
        prediction(
            n,
            timestamp=int(NOON.timestamp() * 1000) + int(rng.integers(-5e7, 5e7)),
            features={
                "x": [float(rng.normal()), None, float("nan"), "odd"][
                    rng.choice(4, p=[0.85, 0.05, 0.05, 0.05])
                ],
                "k": int(rng.integers(5)),
                "c": "abc"[rng.integers(3)],
            },
        )
        for n in range(300)
    ]
    cuts = sorted(rng.choice(300, 7, replace=False).tolist())
    for start, end in zip([0, *cuts], [*cuts, 300], strict=True):
        store.predictions.append("m", Kind.PREDICTIONS, body(rows[start:end])).result(10)
    store.predictions.wait_folded(timedelta(seconds=10))

    for _ in range(20):
        first, last = sorted(NOON + timedelta(seconds=int(s)) for s in rng.integers(-6e4, 6e4, 2))
        inside = [
            r["features"]
            for r in rows
            if first.timestamp() * 1000 <= r["timestamp"] < last.timestamp() * 1000
        ]
        profiles = store.profiles.profile("m", Window(first, last))
        assert profiles.rows == len(inside)
        if not inside:
            continue
        x = [f["x"] for f in inside]
        good = np.asarray([v for v in x if isinstance(v, float) and np.isfinite(v)])
        held = profiles["x"]
        assert held.missing == sum(v is None or v == "odd" for v in x)
        assert held.misfits == x.count("odd")
        assert held.nonfinite == len(x) - len(good) - held.missing
        assert held.total == pytest.approx(good.sum())
        assert (
            held.counts.tolist()
            == np.bincount(held.bins.place(good), minlength=len(held.bins)).tolist()
        )
        assert dict(profiles["c"].categories) == {
            c: n for c in "abc" if (n := sum(f["c"] == c for f in inside))
        }
    store.close()


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.floats(-1e6, 1e6), max_size=60), st.integers(1, 8))
def test_every_number_has_one_bin_and_reference_values_lie_inside(values, inner):
    values = np.asarray(values)
    bins = Bins.of(values, inner)

    places = bins.place(values)

    assert np.all(np.diff(bins.edges) > 0)
    if len(values):
        assert places.min() >= 1
        assert places.max() <= len(bins) - 2
        assert bins.place(np.asarray([-1e7, 1e7])).tolist() == [0, len(bins) - 1]


def test_windows_are_cut_by_version_and_counted_from_1970(store):
    sent(store, predictions(90) + predictions(30, 90, version="2"))

    cut = list(store.profiles.profiles("m", DAY, timedelta(hours=1)))

    assert [(w.start.hour, v, p.rows) for w, v, p in cut] == [
        (12, "1", 60),
        (13, "1", 30),
        (13, "2", 30),
    ]


def test_a_new_reference_counts_old_rows_anew(store):
    sent(store, [prediction(n, features={"x": float(n)}) for n in range(100)])
    store.references.put("m", body([prediction(n, features={"x": float(n)}) for n in range(10)]))

    (_, _, first), *_ = store.profiles.profiles("m", DAY, timedelta(days=1))

    assert first["x"].counts.sum() == 100
    assert first["x"].counts[-1] == 90  # beyond the largest of the reference
    assert store.references.reference("m", "1")["x"].counts.tolist() == [0, *[1] * 10, 0]


def test_a_promoted_version_has_its_own_reference(store, tmp_path):
    store.references.put("m", body(reference()))
    sent(store, predictions(50))
    sent(store, [actual(n, 1) for n in range(50)], Kind.ACTUALS)
    manifest = store.snapshots.export("m", tmp_path / "s.parquet", [])

    store.references.adopt("m", "2", tmp_path / "s.parquet")

    assert manifest["rows"] == 450
    assert store.references.reference("m", "1").rows == 400
    assert store.references.reference("m", "2").rows == 450
    assert store.references.reference_sample("m", "2", 1000, labelled=True).rows == 450
    store.references.put("m", body(reference(100)))
    assert store.references.reference("m", "2").rows == 100


def test_finer_windows_count_again_in_finer_buckets(store):
    sent(store, predictions(60))
    spec = ModelSpec(Task.BINARY, window=WindowSpec(every=timedelta(minutes=10)))
    store.catalog.declare("m", spec)

    cut = list(store.profiles.profiles("m", DAY, timedelta(minutes=10)))

    assert [p.rows for _, _, p in cut] == [10] * 6


def test_a_feature_that_came_later_is_unknown_to_the_reference_also_after_a_restart(tmp_path):
    store = store_with(tmp_path)
    store.references.put("m", body(reference()))
    sent(store, [prediction(1, features={"x": 1.0, "novel": 2.0})])
    store.close()

    store = store_at(tmp_path)

    assert set(store.references.reference("m", "1").features) == {"x", "k", "c"}
    store.close()


@pytest.mark.parametrize("fails", [False, True])
def test_nobody_keeps_an_old_reference_that_was_read_while_a_new_one_came(tmp_path, fails):
    store, seen = store_with(tmp_path), []
    store.references.put("m", body(reference(100)))

    def look(*parts):
        thread = threading.Thread(
            target=lambda: seen.append(store.references.reference("m", "1").rows)
        )
        thread.start()
        thread.join()
        if fails:
            raise RuntimeError("stop")
        return keep_types(*parts)

    store.references._infer = look
    if fails:
        with pytest.raises(RuntimeError):
            store.references.put("m", body(reference(50)))
    else:
        store.references.put("m", body(reference(50)))

    assert seen == [100]  # not committed yet
    assert store.references.reference("m", "1").rows == (100 if fails else 50)
    store.close()
