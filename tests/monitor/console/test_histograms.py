"""Two profiles as bars."""

import numpy as np
import pytest
from counted import counted

from monitor.console.histograms import BARS, bars
from monitor.core.spec import FeatureType


def test_bars_of_numbers_hold_all_rows_and_show_what_moved():
    rng = np.random.default_rng(1)
    before = counted(rng.normal(0, 1, 5000))
    now = counted(rng.normal(2, 1, 1000), before)

    made = bars(before, now)

    assert len(made) == BARS
    assert sum(b.before for b in made) == pytest.approx(1)
    assert sum(b.now for b in made) == pytest.approx(1)
    assert max(made, key=lambda b: b.before).before > 0.05
    middles = [np.mean([float(n) for n in b.name.split(" to ")]) for b in made]
    means = [np.dot(middles, [getattr(b, s) for b in made]) for s in ("before", "now")]
    assert means == pytest.approx([0, 2], abs=0.15)


def test_each_of_few_values_has_a_bar():
    before = counted([0.0, 1.0, 1.0, 3.0])
    now = counted([1.0, 3.0, -2.0, 9.0], before)

    made = {b.name: (b.before, b.now) for b in bars(before, now)}

    assert made["1"] == (0.5, 0.25)
    assert made["0"] == (0.25, 0)
    assert made["less"] == made["more"] == (0, 0.25)
    assert sum(n for _, n in made.values()) == pytest.approx(1)


def test_frequent_categories_have_bars_and_the_rest_shares_one():
    before = counted([c for c in "abcdefghijkl" for _ in range(3)] + ["a"] * 5)
    now = counted(["new"] * 5 + ["a"] * 5)

    made = bars(before, now)

    assert [b.name for b in made][:2] == ["a", "new"]
    assert made[1].before == 0
    assert made[-1].name == "5 others"
    assert sum(b.before for b in made) == pytest.approx(1)


def test_one_side_or_none_or_a_constant_draw_what_there_is():
    only = bars(None, counted(np.linspace(0, 1, 500)))
    assert sum(b.now for b in only) == pytest.approx(1)
    assert {b.before for b in only} == {0.0}
    assert bars(None, None) == ()
    assert bars(counted([None, None], kind=FeatureType.TEXT), None) == ()
    assert len(bars(counted([7.0] * 40), counted([7.0] * 3))) == 1
    assert bars(None, counted([np.nan, None])) == ()
