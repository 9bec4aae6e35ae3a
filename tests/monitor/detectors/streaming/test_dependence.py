"""Dependence of neighbouring numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.detectors.streaming.dependence import (
    Blocks,
    autocorrelation,
    block_size,
    effective_rows,
    significant,
)


def chain(r, n, seed=1):
    """AR(1)."""
    rng, values = np.random.default_rng(seed), np.zeros(n)
    for i in range(1, n):
        values[i] = r * values[i - 1] + rng.normal()
    return values


@pytest.mark.parametrize("r", [0.2, 0.5, 0.8])
def test_dependence_is_found_and_is_about_as_large_as_it_is(r):
    assert significant(chain(r, 1000)) == pytest.approx(r, abs=0.12)
    assert autocorrelation(chain(r, 5000)) == pytest.approx(r, abs=0.05)


def test_independence_and_a_level_that_moves_are_no_dependence():
    rng = np.random.default_rng(2)
    false = [significant(rng.normal(size=1000)) for _ in range(200)]
    moved = np.concatenate([rng.normal(size=500), rng.normal(3, 1, 500)])

    assert np.count_nonzero(false) <= 2
    assert significant(moved) == 0
    assert autocorrelation(moved) > 0.5
    assert significant(np.ones(1000)) == significant(np.ones(10)) == 0


@pytest.mark.parametrize("r", [0.3, 0.5, 0.8])
def test_means_of_blocks_of_that_size_hardly_depend_on_each_other(r):
    means, _ = Blocks(block_size(r))(chain(r, 100_000))

    assert autocorrelation(means) < 0.13


@given(st.lists(st.integers(0, 300), max_size=5), st.integers(1, 30))
def test_blocks_are_the_same_however_values_are_cut(cuts, size):
    values = np.arange(300.0) ** 0.5
    whole, places = Blocks(size)(values)
    blocks, means, ends, start = Blocks(size), [], [], 0
    for end in [*sorted(cuts), 300]:
        part, where = blocks(values[start:end])
        means += part.tolist()
        ends += (where + start).tolist()
        start = end

    assert means == whole.tolist()
    assert ends == places.tolist()
    assert whole == pytest.approx([values[e + 1 - size : e + 1].mean() for e in ends])


def test_dependent_values_are_worth_fewer():
    means = [chain(0.6, 400, seed).mean() for seed in range(300)]
    alone = np.var(chain(0.6, 100_000)) / np.var(means)

    assert effective_rows(chain(0.6, 4000)) / 10 == pytest.approx(alone, rel=0.3)
    assert autocorrelation(np.array([1.0, 2.0])) == 0
