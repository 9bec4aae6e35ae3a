"""Trials: a worse version goes soon, one that is as good seldom goes."""

from datetime import UTC, datetime

import numpy as np
import pytest

from trainer.production.comparison import gain
from trainer.production.trial import LOOKS, Ending, Kind, Trial

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def trial(kind):
    return Trial("t", "m", kind, "2", "1", "r", 0, 1, NOW)


def course(kind, shift, seed):
    """A trial on rows that come one by one: log losses alike but for a shift, neighbours alike."""
    rng = np.random.default_rng(seed)
    noise = np.convolve(rng.normal(size=LOOKS[-1] + 4), np.ones(5) / 5**0.5, "valid")
    rival, version = np.zeros(LOOKS[-1]), noise - shift
    at = trial(kind)
    while at.ending is None:
        rows = at.next_look
        at = at.looked(gain(rival[:rows], version[:rows], seed), NOW)
    return at


def shares(kind, shift, runs=80):
    """The share of trials that fail, and the rows that they took in the middle."""
    ends = [course(kind, shift, seed) for seed in range(runs)]
    failed = [t for t in ends if t.ending is Ending.FAILED]
    rows = np.median([t.looks[-1].rows for t in failed]) if failed else None
    return len(failed) / runs, rows


def test_a_champion_that_is_worse_is_rolled_back_soon_and_one_that_is_not_stays():
    assert shares(Kind.PROBATION, 0.0)[0] < 0.2
    failed, rows = shares(Kind.PROBATION, -0.6)
    assert failed > 0.98
    assert rows <= 100
    assert shares(Kind.CANARY, 0.3)[0] < 0.05


def test_a_shadow_passes_when_it_is_better_and_by_the_mean_in_the_end():
    assert shares(Kind.SHADOW, 0.6)[0] < 0.02
    assert shares(Kind.SHADOW, -0.6)[0] > 0.98
    even = course(Kind.SHADOW, 0.0, 1)
    assert even.ending is not None
    assert even.looks[0].rows == 100


@pytest.mark.parametrize("kind", list(Kind))
def test_looks_are_few_each_at_twice_the_rows(kind):
    looks = [look.rows for look in course(kind, 0.02, 3).looks]

    assert looks == sorted(set(looks))
    assert set(looks) <= set(LOOKS)
