"""Rows put back together from principal axes."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from monitor.detectors.drift.reconstruction import Reconstruction


def columns(n, seed):
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(n, 2))
    return hidden @ rng.normal(size=(2, 5)) + rng.normal(0, 0.3, (n, 5))


def test_errors_are_those_of_scikit_learn():
    before, now = columns(800, 1), columns(300, 2)
    scaler = StandardScaler().fit(before)
    pca = PCA(0.65).fit(scaler.transform(before))
    rows = scaler.transform(now)
    expected = np.linalg.norm(rows - pca.inverse_transform(pca.transform(rows)), axis=1)

    axes = Reconstruction.of(before, [False] * 5)
    assert axes.errors(now) == pytest.approx(expected, abs=1e-9)
    assert axes.by_column(now).sum() == pytest.approx(np.square(expected).mean())


def test_missing_values_stand_in_the_middle():
    before, now = columns(800, 1), columns(10, 2)
    axes = Reconstruction.of(before, [False] * 5)
    filled = now.copy()
    now[:, 3], filled[:, 3] = np.nan, before[:, 3].mean()

    assert axes.errors(now) == pytest.approx(axes.errors(filled))


def test_a_category_counts_as_its_frequency_and_an_unseen_one_as_none():
    codes = np.array([0.0] * 60 + [1.0] * 30 + [np.nan] * 10)
    numbers = np.random.default_rng(3).normal(size=100)
    shares = np.array([0.6] * 60 + [0.3] * 30 + [0.1] * 10)
    coded = Reconstruction.of(np.column_stack([codes, numbers]), [True, False])
    counted = Reconstruction.of(np.column_stack([shares, numbers]), [False, False])

    rows = np.array([[0.0, 1.0], [1.0, 1.0], [np.nan, 1.0], [2.0, 1.0], [7.0, 1.0]])
    same = np.array([[0.6, 1.0], [0.3, 1.0], [0.1, 1.0], [0.0, 1.0], [0.0, 1.0]])
    assert coded.errors(rows) == pytest.approx(counted.errors(same))


def test_columns_without_any_variance_or_value_leave_no_error():
    flat = np.column_stack([np.full(50, 2.0), np.full(50, np.nan), np.full(50, np.nan)])

    assert Reconstruction.of(flat, [False, False, True]).errors(flat) == pytest.approx(0)


def test_one_column_is_put_back_whole():
    one = np.random.default_rng(4).normal(size=(50, 1))

    assert Reconstruction.of(one, [False]).errors(one) == pytest.approx(0, abs=1e-9)
