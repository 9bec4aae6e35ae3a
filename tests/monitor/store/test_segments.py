"""Profiles of segments: exact however rows come, and counted anew when the spec changes."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from builders import NOON, body, prediction, sent, store_at

from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Window

SPEC = ModelSpec(Task.BINARY, segments=("city", ("city", "member"), "age"))
DAY = timedelta(days=1)


def rows(count, seed, start=0):
    rng = np.random.default_rng(seed)
    return [
        prediction(
            start + n,
            features={
                "age": float(rng.normal(40, 10)),
                "city": [None, "Rome", "Oslo", "Bonn"][rng.choice(4, p=[0.05, 0.6, 0.3, 0.05])],
                "member": bool(rng.random() < 0.5),
            },
        )
        for n in range(count)
    ]


def windows(store):
    return list(store.profiles.profiles("m", Window(NOON - 9 * DAY, NOON + 9 * DAY), 9 * DAY))


@pytest.fixture
def store(tmp_path):
    opened = store_at(tmp_path)
    opened.catalog.declare("m", SPEC)
    opened.references.put("m", body(rows(400, 1)))
    yield opened
    opened.close()


def brute(held, wanted):
    """Rows, mean age and members of a segment, by a scan."""
    found = [r["features"] for r in held if wanted(r["features"])]
    return len(found), sum(f["age"] for f in found), sum(f["member"] for f in found)


def counted(profiles):
    age, member = profiles["age"], profiles["member"]
    return profiles.rows, pytest.approx(age.total), member.categories.get("true", 0)


@pytest.mark.parametrize("cuts", [[], [1], [7, 130, 131], list(range(20, 300, 20))])
def test_segments_hold_what_a_scan_finds_however_the_rows_come(store, cuts):
    held = rows(300, 2, start=5000)
    for first, last in zip([0, *cuts], [*cuts, 300], strict=True):
        sent(store, held[first:last])

    ((_, _, profiles),) = windows(store)

    rome, pair = profiles.segments["city=Rome"], profiles.segments["city=Rome, member=true"]
    assert counted(rome) == brute(held, lambda f: f["city"] == "Rome")
    assert counted(pair) == brute(held, lambda f: f["city"] == "Rome" and f["member"])
    assert rome["age"].counts.sum() == rome.rows
    by_age = [p for name, p in profiles.segments.items() if "age" in name]
    assert len(by_age) == 4
    assert sum(p.rows for p in by_age) == 300
    assert "city=Bonn" not in profiles.segments  # too rare in the reference
    assert not [name for name in profiles.segments if "None" in name]


def test_the_reference_has_the_same_segments(store):
    sent(store, rows(300, 2, start=5000))
    ((_, _, profiles),) = windows(store)
    reference = store.references.reference("m", "1")

    assert reference.segments.keys() == profiles.segments.keys()
    rome = brute(rows(400, 1), lambda f: f["city"] == "Rome")
    assert counted(reference.segments["city=Rome"]) == rome
    middle = [n for n in reference.segments if "<=age<" in n]
    assert len(middle) == 2
    assert all(80 <= reference.segments[n].rows <= 120 for n in middle)


def test_another_spec_or_reference_counts_anew(store):
    held = rows(300, 2, start=5000)
    sent(store, held)
    store.catalog.declare("m", replace(SPEC, segments=("member",)))

    ((_, _, profiles),) = windows(store)
    assert profiles.segments.keys() == {"member=false", "member=true"}
    assert counted(profiles.segments["member=true"]) == brute(held, lambda f: f["member"])

    store.references.put("m", body([r for r in rows(400, 3) if r["features"]["member"]]))
    ((_, _, profiles),) = windows(store)
    assert profiles.segments.keys() == {"member=true"}
    store.catalog.declare("m", replace(SPEC, segments=()))
    ((_, _, profiles),) = windows(store)
    assert not profiles.segments
    assert store.database.read("SELECT count(*) FROM segment_profile") == [(0,)]


def test_many_folds_leave_few_parts_and_the_same_counts(store):
    held = rows(80, 4, start=5000)
    for row in held[:40]:
        sent(store, [row])
    sent(store, held[40:])

    ((_, _, profiles),) = windows(store)

    rome = brute(held, lambda f: f["city"] == "Rome")
    assert counted(profiles.segments["city=Rome"]) == rome
