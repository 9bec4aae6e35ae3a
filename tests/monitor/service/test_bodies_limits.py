"""What is small on the wire and large in memory takes no more room than it is allowed."""

import gzip
import random
import threading
import tracemalloc

import pytest
import zstandard

from monitor.core.errors import BodyTooLargeError
from monitor.service.bodies import unpack
from monitor.service.row_parts import timestamp

MB = 1 << 20
PACK = {"gzip": gzip.compress, "zstd": zstandard.compress}


def unpacked_in_a_thread(content, encoding, limit):
    """What unpacking raised, and the most that Python held meanwhile, in bytes."""
    raised = []

    def unpacking():
        try:
            unpack(content, encoding, limit)
        except BodyTooLargeError as problem:
            raised.append(problem)

    tracemalloc.start()
    try:
        thread = threading.Thread(target=unpacking)
        thread.start()
        thread.join()
        return raised, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "gzip, gzip", "zstd, gzip"])
def test_a_bomb_takes_little_room_however_much_is_allowed(encoding):
    content = bytes(128 * MB)
    for name in encoding.split(", "):
        content = PACK[name](content)

    raised, most = unpacked_in_a_thread(content, encoding, 100 * MB)

    assert raised
    assert most < 20 * MB


@pytest.mark.parametrize("encoding", PACK)
@pytest.mark.parametrize("size", [0, 1, MB, 8 * MB, 8 * MB + 1, 20 * MB])
def test_what_is_allowed_is_unpacked_whole_to_the_last_byte(encoding, size):
    content = (random.Random(1).randbytes(1000) * (size // 1000 + 1))[:size]
    packed = PACK[encoding](content)

    assert unpack(packed, encoding, size) == content
    if size:
        with pytest.raises(BodyTooLargeError):
            unpack(packed, encoding, size - 1)


def test_a_time_has_no_more_digits_than_a_time_can_have():
    with pytest.raises(ValueError, match="neither RFC 3339"):
        timestamp("1" * 5_000_000)
