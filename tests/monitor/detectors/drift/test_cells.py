"""Two profiles in common cells."""

import numpy as np
from counted import counted

from monitor.core.profile import Bins
from monitor.detectors.drift import cells as made
from monitor.detectors.drift.cells import aligned, categories, pooled
from monitor.detectors.drift.contributions import contributions

RNG_SEED = 9


def normal(n, shift=0.0):
    return np.random.default_rng(RNG_SEED).normal(shift, 1, n)


def numbers(before, now):
    return made.numbers(before, now, aligned(before, now))


def moved(cells):
    return cells.moved(contributions("l_infinity", cells.before, cells.now))


def test_cells_lose_no_row():
    before = counted(normal(5000))
    now = counted(normal(700, 2), before)

    cells = numbers(before, now)

    assert (cells.before.sum(), cells.now.sum()) == (5000, 700)


def test_cells_of_numbers_hold_equal_parts_of_the_reference():
    before = counted(normal(5000))
    cells = numbers(before, counted(normal(700), before))

    assert len(cells.before) == 22  # 20 and both outsides
    assert np.allclose(cells.before[1:-1], 250, atol=40)


def test_few_rows_have_few_cells():
    before = counted(normal(5000))

    assert len(numbers(before, counted(normal(40), before)).before) <= 6


def test_what_lies_outside_the_reference_has_a_cell_of_its_own():
    before = counted(np.ones(1000))
    cells = numbers(before, counted([3.0] * 50 + [1.0] * 50, before))

    assert cells.before.tolist() == [0, 1000, 0]
    assert cells.now.tolist() == [0, 50, 50]
    assert ("to", 3.0) in moved(cells)[1].items()
    assert [c["now"] for c in moved(cells)] == [0.5, 0.5]


def test_next_to_nothing_outside_is_inside():
    before = counted(np.ones(1000))
    found = aligned(before, counted([1.0002] * 50, before))

    assert found.now.tolist() == [0, 50, 0]


def test_bins_with_some_edges_in_common_are_compared_there():
    before = counted(normal(5000), Bins.from_edges([-2, -1, 0, 1, 2]))
    now = counted(normal(500), Bins.from_edges([-3, -1, 1, 3]))

    found = aligned(before, now)

    assert found.edges.tolist() == [-1, 1]
    assert (found.before.sum(), found.now.sum()) == (5000, 500)
    assert abs(found.before[1] / 5000 - found.now[1] / 500) < 0.1


def test_bins_without_a_common_edge_are_not_compared():
    before = counted(normal(500), Bins.from_edges([0, 1]))

    assert aligned(before, counted(normal(500), Bins.from_edges([0.5]))) is None


def test_rare_categories_are_pooled_and_still_named():
    before = counted(["a"] * 900 + ["b"] * 100 + [f"r{i}" for i in range(20)])
    now = counted(["a"] * 90 + ["b"] * 10 + ["new"] * 4)

    cells = categories(before, now)
    table = pooled(cells)

    assert table.before.tolist() == [900, 100, 20]
    assert table.now.tolist() == [90, 10, 4]
    assert table.rare
    assert {"category": "new", "before": 0.0, "now": 4 / 104} in [
        {k: v for k, v in c.items() if k != "contribution"} for c in moved(cells)
    ]


def test_common_categories_stay_as_they_are():
    table = pooled(categories(counted(["a", "b"] * 500), counted(["a", "b"] * 50)))

    assert (table.before.tolist(), table.now.tolist(), table.rare) == ([500, 500], [50, 50], False)
