"""Rows sent again under other ids."""

import numpy as np
import pytest
from counted import sample

from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Sample
from monitor.detectors.quality.duplicate import Duplicate

SPEC = ModelSpec(Task.BINARY)


def drawn(seed, n, start=0, cells=1_000_000, total=None):
    rng = np.random.default_rng(seed)
    numbers = {"a": rng.integers(0, cells, n).astype(float)}
    return sample(numbers, {"b": rng.choice(list("xyz"), n)}, start, total)


def repeated(held, rows):
    """The first rows once more, in place of the last ones."""
    cut = held.rows - rows
    return Sample(
        held.total,
        held.prediction_ids,
        held.timestamps,
        {n: np.concatenate([v[:cut], v[:rows]]) for n, v in held.numbers.items()},
        {n: np.concatenate([v[:cut], v[:rows]]) for n, v in held.labels.items()},
    )


def measured(reference, current):
    (m,) = Duplicate().measure(SPEC, reference, current)
    return m


def test_repeated_rows_are_counted_and_named_with_what_they_repeat():
    m = measured(drawn(1, 5000), repeated(drawn(2, 1000, 9000), 15))

    assert m.value == pytest.approx(0.015)
    assert m.expected < 0.001
    assert m.p_value < 1e-9
    assert m.evidence["rows"][0] == {"prediction_id": "r9985", "repeats": "r9000"}
    assert len(m.evidence["rows"]) == 15


def test_rows_that_are_equal_by_chance_alone_are_as_likely_as_in_the_reference():
    found = [measured(drawn(s, 4000, cells=300), drawn(99 + s, 800, 9000, 300)) for s in range(40)]

    assert min(m.p_value for m in found) > 1e-3
    assert all(m.value == pytest.approx(m.expected, abs=0.1) for m in found)


def test_the_value_makes_up_for_pairs_that_the_sample_has_lost():
    rng = np.random.default_rng(5)
    held = repeated(drawn(4, 20_000), 2000)
    rows = np.sort(rng.permutation(20_000)[:5000])
    part = Sample(
        20_000,
        [held.prediction_ids[i] for i in rows],
        held.timestamps[rows],
        {n: v[rows] for n, v in held.numbers.items()},
        {n: v[rows] for n, v in held.labels.items()},
    )

    assert measured(drawn(1, 10_000), part).value == pytest.approx(0.1, abs=0.03)


def test_rows_without_values_and_small_sides_are_not_measured():
    empty = sample({"a": np.full(100, np.nan)}, {"b": [None] * 100})

    assert measured(drawn(1, 500), empty).value == 0
    assert not list(Duplicate().measure(SPEC, drawn(1, 500), drawn(2, 10)))
    assert not list(Duplicate().measure(SPEC, drawn(1, 500), Sample(0)))


def test_a_window_larger_than_the_reference_is_compared_at_its_size():
    m = measured(drawn(1, 500), repeated(drawn(2, 3000, 9000), 1500))

    assert m.value == pytest.approx(0.5, abs=0.25)
