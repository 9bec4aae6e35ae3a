"""Deepchecks: its suites of integrity and of train against test: python by_deepchecks.py FOLDER."""

from collections.abc import Iterable

import pandas as pd
from deepchecks.tabular import Dataset
from deepchecks.tabular.suites import data_integrity, train_test_validation
from told import Alarms, measure

_NAMED = ("city", "gender", "payment", "product")


def learned(reference: pd.DataFrame) -> Alarms:
    """Both suites with their default conditions."""
    known = Dataset(reference, cat_features=[*_NAMED, "active"], label=None)

    def alarms(batch: pd.DataFrame) -> Iterable[str]:
        columns = [c for c in (*_NAMED, "active") if c in batch]
        current = Dataset(batch, cat_features=columns, label=None)
        results = [
            *data_integrity().run(current).get_not_passed_checks(fail_if_warning=False),
            *train_test_validation()
            .run(train_dataset=known, test_dataset=current)
            .get_not_passed_checks(fail_if_warning=False),
        ]
        said = " ".join(c.details for r in results for c in r.conditions_results if not c.is_pass())
        return {c for c in (*reference, *batch) if c in said} | ({""} if results else set())

    return alarms


if __name__ == "__main__":
    measure(learned)
