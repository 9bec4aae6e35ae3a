"""What each cell adds to a distance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from monitor.detectors.drift.contributions import TERMS, contributions
from monitor.detectors.drift.distances import BY_CELL, METHODS

tables = st.integers(2, 8).flatmap(
    lambda k: st.tuples(
        *[arrays(np.int64, k, elements=st.integers(0, 40)).filter(lambda a: a.sum() > 0)] * 2
    )
)
TOTAL = {
    "jensen_shannon": lambda terms: np.sqrt(terms.sum()),
    "hellinger": lambda terms: np.sqrt(terms.sum()),
    "chi_square": lambda terms: np.sqrt(terms.sum()),
    "psi": lambda terms: terms.sum(),
    "l_infinity": lambda terms: terms.max(),
}


@pytest.mark.parametrize("method", BY_CELL)
@given(tables)
def test_the_terms_make_up_the_distance(method, table):
    terms = TERMS[method](*table)

    assert terms.min() >= -1e-12
    assert TOTAL[method](np.maximum(0, terms)) == pytest.approx(BY_CELL[method](*table), abs=1e-7)


@pytest.mark.parametrize("method", TERMS)
@given(tables)
def test_parts_add_up_to_all_or_there_is_no_distance(method, table):
    parts = contributions(method, *table)

    assert parts.sum() == pytest.approx(1) or np.allclose(parts, 0)


def test_the_category_that_moved_explains_it():
    before, now = np.array([500, 300, 200]), np.array([500, 100, 400])

    for method in TERMS:
        assert contributions(method, before, now)[1:].sum() > 0.9


def test_only_wasserstein_needs_more_than_counts():
    assert set(METHODS) - set(TERMS) == {"wasserstein"}
