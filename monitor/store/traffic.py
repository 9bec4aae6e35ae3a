"""How many rows windows have, and how late they came: added up from the buckets of profiles."""

from collections.abc import Sequence
from itertools import groupby
from math import nan

from monitor.core.rows import moment
from monitor.core.windows import Traffic, Window
from monitor.store.batches import ROWS
from monitor.store.database import Database
from monitor.store.layout import ModelTable
from monitor.store.merging import WINDOW, WITHIN


def traffic_of(
    database: Database, table: ModelTable, first: int, last: int, every: int
) -> Sequence[Traffic]:
    """The windows of [first, last) that have rows; all in microseconds since 1970.

    Buckets that an earlier release has written know nothing of lags.
    """
    found = database.read(
        f"""
        SELECT {WINDOW} AS w, version, sum(rows)::BIGINT AS n,
               coalesce(sum(rows) FILTER (minimum <= maximum), 0)::BIGINT,
               coalesce(sum(total) FILTER (minimum <= maximum), 0)
        FROM profile WHERE {WITHIN} AND feature = {ROWS} GROUP BY w, version ORDER BY w, n, version
        """,
        model=table.number,
        origin=0,
        every=every,
        first=first,
        last=last,
    )
    made = []
    for start, group in groupby(found, key=lambda row: row[0]):
        parts = list(group)
        timed = sum(part[3] for part in parts)
        made.append(
            Traffic(
                Window(moment(start), moment(start + every)),
                sum(part[2] for part in parts),
                sum(part[4] for part in parts) / timed if timed else nan,
                parts[-1][1],
            )
        )
    return made
