"""How many rows windows have, and how late they came."""

from datetime import timedelta

import pytest
from builders import NOON, milliseconds, predictions, sent, store_with

from monitor.core.windows import Window

HOUR = timedelta(hours=1)
DAY = Window(NOON - 12 * HOUR, NOON + 12 * HOUR)


def test_rows_of_all_versions_are_counted_with_their_mean_lag(tmp_path):
    store = store_with(tmp_path)
    try:
        sent(store, predictions(90))
        sent(store, predictions(30, 90, version="2"))

        first, second = store.profiles.traffic("m", DAY, HOUR)

        assert (first.rows, first.version) == (60, "1")
        assert (second.rows, second.version) == (60, "2")
        assert second.window == Window(NOON + HOUR, NOON + 2 * HOUR)
        (row,) = store.predictions.by_id("m", ["p0"])
        assert first.lag - second.lag == pytest.approx(3600, abs=5)
        assert first.lag > 0, row
    finally:
        store.close()


def test_lags_are_kept_when_rows_are_counted_anew(tmp_path):
    store = store_with(tmp_path)
    try:
        late = NOON - timedelta(days=400)
        sent(store, predictions(4, timestamp=milliseconds(late)))
        span = Window(late - HOUR, late + HOUR)
        (before,) = store.profiles.traffic("m", span, HOUR)

        store.profiles.rebuild(store.catalog.table("m"))

        assert store.profiles.traffic("m", span, HOUR) == [before]
        assert before.lag > 400 * 86_400 * 0.9
    finally:
        store.close()
