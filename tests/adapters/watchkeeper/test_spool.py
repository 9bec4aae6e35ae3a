"""Requests come back from disk as they went in, or are counted as lost."""

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchkeeper.spool import Spool, framed, unframed
from watchkeeper.wire import ARROW, JSON, Request

made = st.builds(
    Request,
    kind=st.sampled_from(["predictions", "actuals"]),
    body=st.binary(max_size=300),
    rows=st.integers(0, 1000),
    media_type=st.sampled_from([JSON, ARROW]),
)


def request(text, rows=1):
    return Request("predictions", text.encode(), rows)


@pytest.fixture
def spools(tmp_path):
    opened = []

    def make(limit=1 << 20, **settings):
        lost = []
        spool = Spool(tmp_path / "spool", limit, lost.append, **settings)
        spool.told = lost
        opened.append(spool)
        return spool

    yield make
    for spool in opened:
        spool.release()


def drain(spool):
    got = []
    while (stored := spool.next()) is not None:
        got.append(stored)
        spool.done()
    return got


def frames(content):
    got, lost, offset = [], 0, 0
    while offset < len(content):
        found, offset, rows = unframed(content, offset)
        got += [found] if found else []
        lost += rows
    return got, lost


@given(st.lists(made, max_size=5))
def test_frames_are_read_as_they_were_written(requests):
    assert frames(b"".join(map(framed, requests))) == (requests, 0)


@given(st.lists(made, min_size=1, max_size=4), st.data())
def test_a_flipped_bit_is_never_read_as_a_request_and_costs_one_frame(requests, data):
    content = bytearray(b"".join(map(framed, requests)))
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8

    got, _ = frames(bytes(content))

    rest = list(requests)
    for one in got:
        rest.remove(one)  # ValueError if it was never written
    assert len(rest) <= 1


@given(st.lists(made, min_size=1, max_size=4), st.data())
def test_a_torn_tail_keeps_what_is_before_it(requests, data):
    content = b"".join(map(framed, requests))
    cut = data.draw(st.integers(0, len(content)))
    whole = 0
    while whole < len(requests) and len(b"".join(map(framed, requests[: whole + 1]))) <= cut:
        whole += 1

    got, _ = frames(content[:cut])

    assert got == requests[:whole]


def test_requests_come_back_oldest_first_over_many_segments(spools, tmp_path):
    spool = spools(segment_bytes=100)
    requests = [request(f"row {i}" * 5) for i in range(30)]
    assert all(spool.append(one) for one in requests)
    assert len(list((tmp_path / "spool").iterdir())) > 5

    assert drain(spool) == requests
    assert spool.empty


def test_a_request_stays_until_it_is_done(spools):
    spool = spools()
    spool.append(request("a"))

    assert spool.next() == spool.next() == request("a")
    spool.release()
    assert spools().next() == request("a")


def test_appending_goes_on_while_older_requests_are_sent(spools):
    spool = spools()
    spool.append(request("a"))
    spool.append(request("b"))
    assert spool.next() == request("a")

    spool.append(request("c"))

    assert drain(spool) == [request("a"), request("b"), request("c")]
    assert spool.empty


def test_two_that_share_a_folder_do_not_send_the_same_request(spools):
    one, other = spools(), spools()
    one.append(request("a"))
    assert other.next() is None, "its writer still holds it"

    assert one.next() == request("a")
    assert other.next() is None, "its reader still holds it"


def test_what_a_dead_process_left_is_taken_over(spools):
    child = os.fork()
    if child == 0:
        spools().append(request("left"))
        os._exit(0)
    os.waitpid(child, 0)

    assert drain(spools()) == [request("left")]


def test_a_limit_holds_for_the_folder_and_frees_when_it_is_read(spools, tmp_path):
    spool = spools(limit=1000)
    kept = 0
    while spool.append(request("x" * 100)):
        kept += 1

    assert sum(path.stat().st_size for path in (tmp_path / "spool").iterdir()) <= 1000
    assert kept == 8
    assert len(drain(spool)) == 8
    assert spool.append(request("x" * 100))


def test_damage_is_counted_and_the_rest_is_read(spools, tmp_path):
    spool = spools()
    for name in "abc":
        spool.append(request(f"body {name}", rows=7))
    spool.release()
    (path,) = (tmp_path / "spool").iterdir()
    path.write_bytes(path.read_bytes().replace(b"body b", b"bodyXb"))

    after = spools()

    assert drain(after) == [request("body a", 7), request("body c", 7)]
    assert after.told == [7]
    assert after.empty


def test_a_folder_full_of_nonsense_is_cleared_away(spools, tmp_path):
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "0.spool").write_bytes(b"nonsense" * 10)
    (tmp_path / "spool" / "1.spool").write_bytes(b"")

    spool = spools()

    assert spool.next() is None
    assert spool.told == [1]
    assert spool.empty


def test_a_full_disk_leaves_no_half_frame(spools, monkeypatch):
    spool = spools()
    spool.append(request("before"))
    real = os.write

    def full(descriptor, content):
        real(descriptor, bytes(content)[:5])
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "write", full)
    assert not spool.append(request("too much"))
    monkeypatch.setattr(os, "write", real)
    assert spool.append(request("after"))

    assert drain(spool) == [request("before"), request("after")]
    assert spool.told == []


def test_only_the_user_may_read_what_is_spooled(spools, tmp_path):
    spools().append(request("a"))

    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o700
    assert {p.stat().st_mode & 0o777 for p in (tmp_path / "spool").iterdir()} == {0o600}
