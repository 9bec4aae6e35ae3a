"""The recursion of several bets."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.detectors.streaming.recursion import SPAN, Recursion


def slowly(factors, weights, bound):
    """The definition, step by step; the first alarm."""
    state = np.zeros(len(weights))
    for step, factor in enumerate(factors.T):
        state = factor * (state + 1)
        if state @ weights >= bound:
            return step
    return None


def run(recursion, factors, cuts):
    for start, end in pairwise([0, *cuts, factors.shape[1]]):
        place = start
        while place < end:
            part = factors[:, place : min(end, place + recursion.room)]
            hit = recursion.advance(part)
            if hit is not None:
                return place + hit
            place += part.shape[1]
    return None


@given(st.integers(0, 10_000), st.lists(st.integers(0, 700), max_size=5))
def test_it_agrees_with_its_definition_however_factors_are_cut(seed, cuts):
    rng = np.random.default_rng(seed)
    factors, weights = rng.uniform(0.5, 1.55, (3, 700)), np.array([0.5, 0.25, 0.25])

    expected = slowly(factors, weights, 400.0)
    assert run(Recursion(weights, 400.0), factors, sorted(cuts)) == expected


def test_states_are_the_same_floats_however_factors_are_cut():
    factors = np.random.default_rng(1).uniform(0.6, 1.3, (2, 1000))
    states = []
    for cuts in ([], [1, 2, 3, 500], range(1000)):
        recursion = Recursion(np.array([0.5, 0.5]), np.inf)
        run(recursion, factors, cuts)
        states.append(recursion.to_state())

    assert states[0] == states[1] == states[2]


def test_factors_that_leave_the_range_of_floats_are_an_alarm_and_no_harm():
    recursion = Recursion(np.ones(1), 1e4)

    assert recursion.advance(np.full((1, SPAN), 1e8)) == 0
    assert recursion.advance(np.full((1, SPAN), 0.1)) is None
    assert recursion.room == SPAN
