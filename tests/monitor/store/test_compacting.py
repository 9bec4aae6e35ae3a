"""Many small folds leave no more behind than a few large ones."""

from datetime import timedelta

import numpy as np
from builders import NOON, body, prediction, predictions, sent, store_with

from monitor.core.windows import Window
from monitor.store.compacting import MOST_PARTS

DAY = Window(NOON - timedelta(days=1), NOON + timedelta(days=1))


def counted(store, table):
    return store.database.read(f"SELECT count(*) FROM {table}")[0][0]


def test_a_bucket_of_many_folds_is_kept_in_few_rows_and_counts_the_same(tmp_path):
    few, many = store_with(tmp_path / "few"), store_with(tmp_path / "many")
    rows = [
        prediction(0, prediction_id=f"p{n}", features={"x": n * 0.5, "c": "ab"[n % 2]})
        for n in range(3 * MOST_PARTS + 1)
    ]
    for store in (few, many):
        store.references.put("m", body(predictions(100)))
    sent(few, rows)
    for row in rows:
        sent(many, [row])

    one, other = few.profiles.profile("m", DAY), many.profiles.profile("m", DAY)

    assert one.rows == other.rows == len(rows)
    for name in ("x", "c"):
        assert one[name].categories == other[name].categories
        assert np.array_equal(one[name].counts, other[name].counts)
        assert (one[name].minimum, one[name].maximum) == (other[name].minimum, other[name].maximum)
        assert (one[name].total, one[name].squares) == (other[name].total, other[name].squares)
    for table in ("profile", "profile_bin", "profile_category"):
        assert counted(many, table) <= 3 * counted(few, table)
    few.close()
    many.close()
