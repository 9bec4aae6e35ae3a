"""Pandera, with the schema that it infers from the reference: python by_pandera.py FOLDER."""

from collections.abc import Iterable

import pandas as pd
import pandera.pandas as pa
from told import Alarms, measure


def learned(reference: pd.DataFrame) -> Alarms:
    """Types, nulls and the exact least and greatest of numbers; extra columns are refused."""
    schema = pa.infer_schema(reference)
    schema.strict = True

    def alarms(batch: pd.DataFrame) -> Iterable[str]:
        try:
            schema.validate(batch, lazy=True)
        except pa.errors.SchemaErrors as found:
            cases = found.failure_cases
            named = set(cases["column"].dropna().astype(str))
            return named | set(cases["failure_case"].astype(str)) | {""}
        return ()

    return alarms


if __name__ == "__main__":
    measure(learned)
