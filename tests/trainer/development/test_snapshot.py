"""The split by time."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.development.snapshot import split, verify

MINUTE = 60_000_000


@given(st.lists(st.integers(0, 400), min_size=20, max_size=400), st.integers(0, 3))
def test_parts_are_in_order_and_no_row_is_in_two(moments, minutes):
    stamps = np.sort(np.array(moments)) * MINUTE
    try:
        cut = split(stamps, timedelta(minutes=minutes))
    except ValueError:
        return

    assert 0 < cut.train <= cut.tune < cut.tune_end <= cut.gate < cut.rows == len(stamps)
    assert stamps[cut.train - 1] <= stamps[cut.tune] - minutes * MINUTE
    assert stamps[cut.tune_end - 1] <= stamps[cut.gate] - minutes * MINUTE


def test_the_newest_rows_judge_and_ever_fewer_of_them_by_share():
    def sizes(rows):
        cut = split(np.arange(rows))
        return cut.tune_end - cut.tune, cut.rows - cut.gate

    assert sizes(1000) == (150, 150)
    assert sizes(10_000) == (300, 300)
    assert sizes(40_000) == (600, 600)


def test_a_cut_never_parts_rows_of_one_moment():
    stamps = np.repeat(np.arange(100), 10)

    cut = split(stamps)

    assert stamps[cut.gate - 1] < stamps[cut.gate]
    assert stamps[cut.tune - 1] < stamps[cut.tune]
    assert split(np.zeros(100, np.int64)).gate == 85


def test_too_few_rows_are_refused():
    with pytest.raises(ValueError, match="2 rows are too few"):
        split(np.arange(2))
    with pytest.raises(ValueError, match="too few"):
        split(np.arange(100), timedelta(days=1))


def test_another_file_is_not_the_snapshot(tmp_path):
    (tmp_path / "s").write_bytes(b"rows")
    digest = "0" * 64
    with pytest.raises(ValueError, match="not the file that was exported"):
        verify(tmp_path / "s", {"sha256": digest})
