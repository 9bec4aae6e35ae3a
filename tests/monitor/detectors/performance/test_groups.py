"""The KPI gap between groups."""

import numpy as np
import pytest
from simulated import SPEC, World

from monitor.detectors.performance.groups import group_gaps, rows_of
from monitor.detectors.performance.kpis import accuracy


def grouped(rows=3000, wrong=0.0, seed=1):
    """Two groups; of group b a share of answers is turned round."""
    sample = World.of(0).sample(rows, 0.0, seed)
    rng = np.random.default_rng(seed)
    groups = np.where(rng.random(rows) < 0.3, "b", "a").astype(object)
    turned = (groups == "b") & (rng.random(rows) < wrong)
    sample.prediction[turned] = np.where(sample.prediction[turned] == "1", "0", "1")
    return sample, groups


def test_a_group_that_is_answered_worse_has_a_gap_and_its_size():
    sample, groups = grouped(wrong=0.3)
    found = {g.group: g for g in group_gaps(SPEC, "accuracy", sample, groups)}

    assert found["b"].high < 0 < found["a"].low
    own = accuracy(SPEC, rows_of(sample, np.flatnonzero(groups == "b"))).value
    others = accuracy(SPEC, rows_of(sample, np.flatnonzero(groups == "a"))).value
    assert found["b"].value == pytest.approx(own - others)


def test_groups_that_are_answered_alike_have_none():
    clear = 0
    for seed in range(40):
        gaps = group_gaps(SPEC, "accuracy", *grouped(1000, seed=seed))
        clear += any(g.low > 0 or g.high < 0 for g in gaps)

    assert clear <= 5


def test_small_and_unknown_groups_are_not_compared():
    sample, groups = grouped(500)
    groups[:10] = "rare"
    groups[10:30] = None

    assert [g.group for g in group_gaps(SPEC, "accuracy", sample, groups)] == ["a", "b"]
    assert group_gaps(SPEC, "accuracy", sample, np.full(500, "one", object)) == []
    with pytest.raises(KeyError):
        group_gaps(SPEC, "mae", sample, groups)
