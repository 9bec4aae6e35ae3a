"""Bounded, first in first out."""

from hypothesis import given
from hypothesis import strategies as st
from watchkeeper.ring import Entry, Ring

steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(1, 50), st.booleans()),
        st.tuples(st.just("take"), st.integers(1, 10), st.integers(1, 200)),
    )
)


@given(steps)
def test_what_goes_in_comes_out_once_in_order_and_the_bounds_hold(steps):
    ring = Ring(rows=5, size=100)
    waiting, out, number = [], [], 0
    for kind, first, second in steps:
        if kind == "put":
            number += 1
            entry = Entry(first, 1, number)
            if ring.put(entry, bulk=second):
                waiting.append(entry)
        else:
            taken = ring.take(first, second)
            assert taken == waiting[: len(taken)]
            assert bool(taken) == bool(waiting)
            out += taken
            del waiting[: len(taken)]
        assert ring.size == sum(entry.size for entry in waiting) <= 100
        assert ring.rows == len(waiting)
        assert ring.entered - ring.left == len(waiting)
        assert ring.left == len(out)


def test_a_part_of_a_frame_larger_than_all_memory_goes_alone():
    ring = Ring(rows=5, size=100)

    assert ring.put(Entry(1000, 50, "large"), bulk=True)
    assert not ring.put(Entry(1, 1, "small"))
    assert not Ring(rows=5, size=100).put(Entry(1000, 1, "a single row"))


def test_parts_of_frames_take_no_place_of_single_rows():
    ring = Ring(rows=2, size=1000)

    assert ring.put(Entry(1, 500, "part"), bulk=True)
    assert ring.put(Entry(1, 1, "a"))
    assert ring.put(Entry(1, 1, "b"))
    assert not ring.put(Entry(1, 1, "c"))
    assert ring.half_full
