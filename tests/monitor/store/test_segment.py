from hypothesis import given
from hypothesis import strategies as st

from monitor.store.segment import HEAD_BYTES, Head, next_whole, record, was_durable, whole_end

payloads = st.binary(max_size=40)


@given(payloads, st.integers(0, 2**63))
def test_a_record_is_whole_and_every_changed_byte_of_it_is_noticed(payload, durable):
    data = record(payload, durable)

    assert whole_end(data, 0) == len(data)
    for place in range(len(data)):
        broken = bytearray(data)
        broken[place] ^= 0xFF
        assert whole_end(bytes(broken), 0) is None
    for cut in range(1, len(data)):
        assert whole_end(data[:-cut], 0) is None


@given(st.binary(max_size=60), payloads)
def test_the_next_whole_record_is_found_after_any_bytes(before, payload):
    data = before + record(payload, 0) + b"wkj"

    assert next_whole(data, 0) == len(before)


@given(st.binary(max_size=200))
def test_bytes_that_nobody_wrote_are_no_record(data):
    assert next_whole(data, 0) is None
    assert not was_durable(data, 0, 0)


def test_a_gap_says_how_much_to_pass_over_whatever_lies_there():
    gap = Head(5, 0, 0, is_gap=True).written()

    assert Head.read(gap) == Head(5, 0, 0, is_gap=True)
    assert whole_end(gap + b"junk!", 0) == HEAD_BYTES + 5


def test_what_a_later_write_found_on_disk_was_durable():
    size = HEAD_BYTES + 1
    one_write = record(b"a", 700) + record(b"b", 700)
    another = record(b"c", 700 + 2 * size)

    assert not was_durable(one_write, 700, 0)
    assert was_durable(one_write + another, 700, 0)
    assert was_durable(one_write + another, 700, size)
    assert not was_durable(one_write + another, 700, 2 * size)


def test_a_record_inside_a_payload_proves_nothing_about_other_places():
    inner = record(b"x", 10**9)

    assert not was_durable(b"?" + record(inner, 0), 0, 0)
