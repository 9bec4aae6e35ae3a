"""Telling two sides apart."""

import numpy as np
import pytest
from scipy.stats import norm

from monitor.detectors.drift.telling import drawn, importances, told_apart, trees


def sides(n, m, shift, seed):
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(n + m, 2))
    columns[n:, 0] += shift
    return columns, np.arange(n + m) >= n


def by_first(columns):
    return lambda shown: lambda rows: columns[rows, 0]


def test_a_known_score_has_the_auc_of_its_distributions():
    columns, now = sides(4000, 4000, 0.5, 1)

    found = told_apart(now, by_first(columns))

    assert found.auc == pytest.approx(norm.cdf(0.5 / np.sqrt(2)), abs=0.02)
    assert found.low < found.auc < found.high


def test_its_interval_holds_the_truth_in_nineteen_of_twenty_cases():
    truth, held = norm.cdf(0.5 / np.sqrt(2)), 0
    for seed in range(300):
        columns, now = sides(300, 200, 0.5, seed)
        found = told_apart(now, by_first(columns), seed)
        held += found.low <= truth <= found.high

    assert held / 300 >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 300)


def test_no_row_is_scored_by_a_model_that_saw_it():
    _, now = sides(100, 80, 0, 1)
    seen = []
    told_apart(now, lambda shown: lambda rows: seen.append((set(shown), set(rows))) or rows * 1.0)

    assert all(not shown & rows and len(shown | rows) == 180 for shown, rows in seen)
    assert set().union(*(rows for _, rows in seen)) == set(range(180))


def test_a_score_that_remembers_its_rows_tells_nothing():
    columns, now = sides(600, 600, 0, 2)

    assert trees(columns, now).p_value > 0.01


def test_the_column_that_moved_carries_the_auc_and_stays_as_it_was():
    columns, now = sides(800, 800, 1.0, 3)
    kept = columns.copy()
    apart = trees(columns, now)

    lost = importances(apart, columns, now)

    assert lost[0] > 0.2
    assert abs(lost[1]) < 0.05
    assert np.array_equal(columns, kept)


def test_too_few_rows_for_a_fold_are_refused():
    columns, now = sides(3, 3, 0, 1)

    with pytest.raises(ValueError, match="two rows"):
        told_apart(now, by_first(columns))


def test_rows_are_drawn_by_their_ids_alone():
    ids = [f"r{i}" for i in range(100)]
    chosen = {ids[i] for i in drawn(ids, 10)}

    assert chosen == {ids[::-1][i] for i in drawn(ids[::-1], 10)}
    assert len(chosen) == 10
