"""whylogs: constraints on a batch from a profile of the reference: python by_whylogs.py FOLDER."""

from collections.abc import Iterable

import pandas as pd
import whylogs as why
from told import Alarms, measure
from whylogs.core.constraints import ConstraintsBuilder
from whylogs.core.constraints.factories import (
    frequent_strings_in_reference_set,
    is_in_range,
    null_percentage_below_number,
)

_FEW = 20
_SLACK = 1.5


def learned(reference: pd.DataFrame) -> Alarms:
    """Ranges of numbers, sets of frequent texts, shares of nulls; columns that came or went."""

    def alarms(batch: pd.DataFrame) -> Iterable[str]:
        builder = ConstraintsBuilder(why.log(batch).view())
        for name in set(reference) & set(batch):
            for rule in _rules(name, reference[name]):
                builder.add_constraint(rule)
        report = builder.build().generate_constraints_report()
        failed = {line.name for line in report if not line.passed}
        named = {name for name in reference if any(name in said for said in failed)}
        return named | (set(reference) ^ set(batch))

    return alarms


def _rules(name: str, values: pd.Series) -> Iterable[object]:
    missing = float(values.isna().mean())
    yield null_percentage_below_number(name, _SLACK * missing + 1e-9)
    if values.dtype == bool:
        return
    if values.dtype.kind in "if":
        yield is_in_range(name, float(values.min()), float(values.max()))
    elif values.nunique() <= _FEW:
        yield frequent_strings_in_reference_set(name, set(values.dropna()))


if __name__ == "__main__":
    measure(learned)
