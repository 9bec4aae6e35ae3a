"""Adds the parts of a profile bucket up in place: each fold of new rows has left some."""

from collections import Counter
from collections.abc import Iterable

from monitor.store.database import Database
from monitor.store.merging import MOMENTS
from monitor.store.tally import COUNTS

MOST_PARTS = 32
"""Parts of one bucket after which they are added up: a question then reads few rows."""
_REMEMBERED = 10_000
PROFILE_TABLES = ("profile", "profile_bin", "profile_category")
SEGMENT_TABLES = tuple(f"segment_{name}" for name in PROFILE_TABLES)
_OF_BUCKET = "model = $model AND version = $version AND start = make_timestamp($start)"
_SUMS = {
    "profile": (
        ("model", "version", "start", "feature"),
        [
            *(f"sum({name})::BIGINT AS {name}" for name in COUNTS),
            *(
                f"{how}({name}) AS {name}"
                for name, how in zip(MOMENTS, ("min", "max", "sum", "sum"), strict=True)
            ),
        ],
    ),
    "profile_bin": (
        ("model", "version", "start", "feature", "bin"),
        ["sum(rows)::BIGINT AS rows"],
    ),
    "profile_category": (
        ("model", "version", "start", "feature", "category"),
        ["sum(rows)::BIGINT AS rows"],
    ),
}

Bucket = tuple[int, str, int]
"""Number of the model, version, start in microseconds since 1970."""


class Compactor:
    """Knows how many parts buckets have got since the start of the service."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._parts: Counter[Bucket] = Counter()

    def added(self, buckets: Iterable[Bucket]) -> None:
        """Each of these has got one more part; in the transaction that stored them."""
        for bucket in buckets:
            self._parts[bucket] += 1
            if self._parts[bucket] >= MOST_PARTS:
                self._compact(bucket)
                del self._parts[bucket]
        if len(self._parts) > _REMEMBERED:  # rows of long ago, spread over many buckets
            self._parts.clear()

    def _compact(self, bucket: Bucket) -> None:
        values = dict(zip(("model", "version", "start"), bucket, strict=True))
        tables = dict(_SUMS) | {
            f"segment_{table}": ((*keys, "segment"), sums) for table, (keys, sums) in _SUMS.items()
        }
        for table, (keys, sums) in tables.items():
            of_bucket = f"FROM {table} WHERE {_OF_BUCKET}"
            listed = ", ".join(keys)
            whole = self._database.arrow(
                f"SELECT {listed}, {', '.join(sums)} {of_bucket} GROUP BY {listed}", **values
            )
            self._database.write(f"DELETE {of_bucket}", **values)
            if whole.num_rows:
                self._database.insert(table, whole.column_names, whole)
