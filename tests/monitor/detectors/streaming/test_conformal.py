"""Ranks of new values among past ones."""

import numpy as np
import pytest
from scipy.stats import kstest

from monitor.detectors.streaming.conformal import Conformal


@pytest.mark.parametrize("kind", ["normal", "cauchy", "errors", "whole numbers"])
def test_both_ranks_are_uniform_whatever_the_distribution(kind):
    rng = np.random.default_rng(4)
    values = {
        "normal": rng.normal(size=3000),
        "cauchy": rng.standard_cauchy(3000),
        "errors": (rng.random(3000) < 0.2).astype(float),
        "whole numbers": rng.integers(0, 5, 3000).astype(float),
    }[kind]
    core = Conformal(1e9)
    ranks = np.array([core._ranked(value) for value in values.tolist()])

    assert np.all((ranks > 0) & (ranks < 1))
    assert kstest(ranks[:, 0], "uniform").pvalue > 0.001
    assert kstest(ranks[:, 1], "uniform").pvalue > 0.001


def test_every_bet_is_fair():
    core = Conformal(1e4)
    means = core._bets @ np.diff(core._edges)

    assert means == pytest.approx(1.0)


def test_its_memory_is_bounded_and_comes_back_from_its_state():
    core, again = Conformal(1e9), Conformal(1e9)
    values = np.random.default_rng(0).normal(size=6000)
    core.feed(values)
    again.from_state(core.to_state())

    assert len(core.to_state()["past"]) == 2000
    assert sorted(core.to_state()["past"]) == pytest.approx(np.sort(values[-2000:]))
    core.feed(values)
    again.feed(values)
    assert again.to_state() == core.to_state()
