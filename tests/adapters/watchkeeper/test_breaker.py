"""Waits grow, are spread, end, and are never shorter than the server asked for."""

from hypothesis import given
from hypothesis import strategies as st
from watchkeeper.breaker import Breaker


@given(st.integers(1, 100))
def test_waits_double_up_to_a_cap_and_have_jitter(failures):
    breaker = Breaker(base=0.5, cap=30)

    for _ in range(failures):
        breaker.failed(now=10.0)

    longest = min(30, 0.5 * 2 ** (failures - 1))
    assert longest / 2 <= breaker.wait(now=10.0) <= longest
    assert breaker.wait(now=10.0 + longest) == 0
    assert breaker.is_open == (failures >= 3)


@given(st.integers(1, 100))
def test_refusals_open_at_once_and_are_repeated_slowly(refusals):
    breaker = Breaker(refused_base=5.0, refused_cap=300.0)

    for number in range(refusals):
        assert breaker.refused(now=10.0) == number + 1

    longest = min(300, 5.0 * 2 ** (refusals - 1))
    assert breaker.is_open
    assert longest / 2 <= breaker.wait(now=10.0) <= longest
    breaker.succeeded()
    assert not breaker.is_open
    assert breaker.refused(now=10.0) == 1


def test_clients_of_one_server_come_back_at_different_times():
    breakers = [Breaker() for _ in range(20)]
    for breaker in breakers:
        breaker.failed(now=0.0)

    assert len({breaker.wait(now=0.0) for breaker in breakers}) == 20


@given(st.floats(0, 300))
def test_hurry_skips_our_wait_and_not_the_servers(asked):
    breaker = Breaker()
    breaker.failed(now=5.0, retry_after=asked)
    assert breaker.wait(now=5.0) >= asked - 1e-9

    breaker.hurry()

    assert abs(breaker.wait(now=5.0) - asked) < 1e-9
