"""How often intervals of distances hold the distance between what both sides were drawn from."""

import numpy as np
import pytest
from scipy.stats import norm

from monitor.detectors.drift.columns import category_effect, number_effect
from monitor.detectors.drift.distances import BY_CELL
from monitor.detectors.drift.intervals import area, gap, largest, scaled

REPEATS = 200
LEAST = 0.9 - 3 * np.sqrt(0.9 * 0.1 / REPEATS)
NAMES = np.array(list("abcdef"), object)
SHARES = np.array([0.4, 0.3, 0.15, 0.1, 0.04, 0.01])
ROWS = 2000, 500


def tilted(by):
    g = SHARES * np.exp(by * np.linspace(-1, 1, 6))
    return g / g.sum()


def true_distance(method, f, g):
    if method == "psi":  # without half rows: those are many
        return float(((g - f) * np.log(g / f)).sum())
    n, m = ROWS if method == "chi_square" else (1, 1)  # its pool weighs the sides by their rows
    return BY_CELL[method]((f * n * 1e9).astype(np.int64), (g * m * 1e9).astype(np.int64))


@pytest.mark.parametrize("by", [0.0, 0.15, 0.4, 0.8])
@pytest.mark.parametrize("method", BY_CELL)
def test_of_counts_nine_of_ten_hold_the_truth(method, by):
    rng, held = np.random.default_rng(11), 0
    g = tilted(by)
    truth = true_distance(method, SHARES, g)
    for _ in range(REPEATS):
        before = np.repeat(NAMES, rng.multinomial(ROWS[0], SHARES))
        found = category_effect(method, before, np.repeat(NAMES, rng.multinomial(ROWS[1], g)))
        held += found.low - 1e-9 <= truth <= found.high + 1e-9

    assert held / REPEATS >= LEAST


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.3, 0.8])
@pytest.mark.parametrize("method", ["kolmogorov_smirnov", "wasserstein"])
def test_of_numbers_nine_of_ten_hold_the_truth(method, shift):
    rng, held = np.random.default_rng(12), 0
    truth = shift if method == "wasserstein" else 2 * norm.cdf(shift / 2) - 1
    for _ in range(REPEATS):
        before, now = rng.normal(size=ROWS[0]), rng.normal(shift, 1, ROWS[1])
        x = np.sort(np.concatenate([before, now]))
        f = np.searchsorted(np.sort(before), x, side="right") / ROWS[0]
        g = np.searchsorted(np.sort(now), x, side="right") / ROWS[1]
        low, high = area(x, f, g, *ROWS) if method == "wasserstein" else gap(f, g, *ROWS)
        held += low <= truth <= high

    assert held / REPEATS >= LEAST


@pytest.mark.parametrize("method", ["kolmogorov_smirnov", "wasserstein"])
def test_intervals_shrink_with_the_root_of_the_rows(method):
    rng = np.random.default_rng(13)
    widths = []
    for n in (1000, 16_000):
        found = number_effect(method, rng.normal(size=n), rng.normal(0.5, 1, n))
        widths.append(found.high - found.low)

    assert widths[0] / widths[1] == pytest.approx(4, rel=0.3)


def test_equal_sides_have_no_lower_end_and_no_surprise():
    counts = np.array([50, 50])

    assert scaled(0.0, counts, counts, 0.5) == (0, 0)
    assert largest(counts, counts)[0] == 0
    same = np.array([0.5, 1.0])
    assert gap(same, same, 100, 100)[0] == 0
    assert area(np.array([0.0, 1.0]), same, same, 100, 100)[0] == 0
