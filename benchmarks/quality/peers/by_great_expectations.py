"""Great Expectations, with rules written for each column of the reference by its kind.

It infers none by itself any more: these are those that its tutorials write. FOLDER is the argument.
"""

from collections.abc import Iterable

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd
from told import Alarms, measure

_FEW = 20
_SLACK = 1.5
"""Times the share of nulls that the reference has."""


def learned(reference: pd.DataFrame) -> Alarms:
    """The set of columns, ranges, sets of values, types, shares of nulls."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("feed").add_dataframe_asset("batch")
    definition = source.add_batch_definition_whole_dataframe("whole")
    suite = context.suites.add(gx.ExpectationSuite(name="learned"))
    suite.add_expectation(
        gxe.ExpectTableColumnsToMatchSet(column_set=list(reference), exact_match=True)
    )
    for name in reference:
        for rule in _rules(name, reference[name]):
            suite.add_expectation(rule)

    def alarms(batch: pd.DataFrame) -> Iterable[str]:
        found = definition.get_batch({"dataframe": batch}).validate(suite)
        failed = [r for r in found.results if not r.success]
        named = {str(r.expectation_config.kwargs.get("column", "")) for r in failed}
        return named | (set(reference) ^ set(batch))

    return alarms


def _rules(name: str, values: pd.Series) -> Iterable[object]:
    missing = float(values.isna().mean())
    yield gxe.ExpectColumnValuesToNotBeNull(column=name, mostly=1 - _SLACK * missing)
    if values.dtype == bool or values.nunique() <= _FEW:
        known = values.dropna().unique().tolist()
        yield gxe.ExpectColumnValuesToBeInSet(column=name, value_set=known)
    elif values.dtype.kind in "if":
        low, high = float(values.min()), float(values.max())
        yield gxe.ExpectColumnValuesToBeBetween(column=name, min_value=low, max_value=high)
        yield gxe.ExpectColumnMeanToBeBetween(
            column=name,
            min_value=float(values.mean() - values.std() / 2),
            max_value=float(values.mean() + values.std() / 2),
        )


if __name__ == "__main__":
    measure(learned)
