"""Losses as ranks among known losses."""

import numpy as np
import pytest

from monitor.engine.ranks import FEWEST, OWN, Ranks


def none():
    return np.empty(0)


@pytest.mark.parametrize("reference", [0, 1000])
@pytest.mark.parametrize("cut", [0, 1, FEWEST, 100, OWN, 299])
def test_losses_cut_anywhere_and_saved_between_have_the_same_ranks(reference, cut):
    rng = np.random.default_rng(1)
    losses, known = rng.lognormal(size=300), rng.lognormal(size=reference)
    losses[[5, 250]] = np.nan, np.inf
    whole = Ranks().of(losses, lambda: known)

    ranks = Ranks()
    before = ranks.of(losses[:cut], lambda: known)
    after = Ranks.load(ranks.dump()).of(losses[cut:], lambda: known)

    np.testing.assert_array_equal(np.concatenate([before, after]), whole)
    assert np.isnan(whole[[5, 250]]).all()


def test_ranks_are_shares_of_smaller_losses_of_the_reference():
    known = np.arange(1000.0)
    ranks = Ranks()
    ranks.of(np.full(FEWEST, 500.0), lambda: known)

    found = ranks.of(np.array([-1.0, 250.0, 1e9]), none)

    assert found == pytest.approx([0, 0.25, 1], abs=1 / 200)


@pytest.mark.parametrize("known", [[], [1.0] * (FEWEST - 1), [np.nan] * 100, [1e-9] * 100])
def test_a_reference_too_small_or_learned_by_heart_gives_way_to_own_losses(known):
    losses = np.random.default_rng(2).lognormal(size=OWN + 500)

    ranks = Ranks().of(losses, lambda: np.array(known))

    assert np.isnan(ranks[:OWN]).all()
    assert np.mean(ranks[OWN:]) == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize("state", [b"", b"{}", b"[]", b'{"grid": [], "first": null}', b"\xff"])
def test_a_state_that_cannot_be_read_is_refused(state):
    with pytest.raises(ValueError):
        Ranks.load(state)
