"""Density ratios of a window against the reference."""

import numpy as np
import pytest

from monitor.detectors.estimation.ratio import Cells, effective_share, ratio


def against(shift, rows=4000, columns=1):
    rng = np.random.default_rng(1)
    before, now = rng.normal(size=(rows, 3)), rng.normal(size=(rows, 3))
    now[:, :columns] += shift
    cells = Cells.of(before)
    return ratio(cells, cells.indicators(before), now), before


def test_an_unchanged_window_keeps_nearly_all_rows():
    found, _ = against(0.0)

    assert found.kept > 0.93
    assert found.beyond == 0


def test_weights_bring_the_reference_to_the_window():
    found, before = against(0.7)

    assert np.average(before[:, 0], weights=found.weights) == pytest.approx(0.7, abs=0.15)
    assert np.average(before[:, 1], weights=found.weights) == pytest.approx(0.0, abs=0.1)
    assert found.weights.mean() == pytest.approx(1.0)
    assert effective_share(found.weights) == found.kept < 0.8


def test_a_window_where_the_reference_has_nothing_is_extreme():
    assert against(20.0, columns=3)[0].is_extreme
    assert not against(1.0)[0].is_extreme
