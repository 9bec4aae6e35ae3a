"""Keeps samples of what serving takes."""

from collections.abc import Sequence
from datetime import timedelta

from monitor.core.resources import ResourceSample
from monitor.core.rows import microseconds, moment
from monitor.core.windows import Window
from monitor.store.catalog import Catalog
from monitor.store.database import Database

_AMOUNTS = (
    "memory_bytes",
    "cpu_cores",
    "gpu_memory_bytes",
    "gpu_share",
    "cost",
    "requests",
    "errors",
)
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS resource (
    model INTEGER, stamp BIGINT, version VARCHAR, host VARCHAR,
    {", ".join(f"{name} DOUBLE" for name in _AMOUNTS)}, judged BOOLEAN)"""
_NEXT = timedelta(microseconds=1)
_SPAN = "model = $model AND stamp >= $first AND stamp < $last"


class Resources:
    """Keeps ResourceLog."""

    def __init__(self, database: Database, catalog: Catalog) -> None:
        self._database = database
        self._catalog = catalog
        database.write(_SCHEMA)

    def add(self, model: str, samples: Sequence[ResourceSample]) -> int:
        """Keep samples; on disk when it returns. How many were not known before."""
        number = self._catalog.table(model).number
        places = {(microseconds(s.timestamp), s.version, s.host): s for s in reversed(samples)}
        if not places:
            return 0
        with self._database.transaction() as connection:
            known = connection.execute(
                """
                SELECT stamp, version, host FROM resource
                WHERE model = ? AND stamp BETWEEN ? AND ?
                """,
                [number, min(places)[0], max(places)[0]],
            ).fetchall()
            new = [(*key, s) for key, s in places.items() if key not in set(known)]
            for stamp, version, host, s in new:
                amounts = [getattr(s, name) for name in _AMOUNTS]
                connection.execute(
                    f"INSERT INTO resource VALUES ({', '.join('?' * (5 + len(_AMOUNTS)))})",
                    [number, stamp, version, host, *amounts, False],
                )
        return len(new)

    def find(self, model: str, span: Window) -> Sequence[ResourceSample]:
        """The samples of a span, oldest first."""
        rows = self._database.read(
            f"""
            SELECT stamp, version, host, {", ".join(_AMOUNTS)} FROM resource
            WHERE {_SPAN} ORDER BY stamp, version, host
            """,
            **self._values(model, span),
        )
        return [ResourceSample(moment(stamp), *rest) for stamp, *rest in rows]

    def extent(self, model: str) -> Window | None:
        """The span of event time that holds every sample."""
        return self._extent(model, "true")

    def unjudged(self, model: str) -> Window | None:
        """The span of all samples that were not judged so far; None if there are none."""
        return self._extent(model, "NOT judged")

    def _extent(self, model: str, where: str) -> Window | None:
        ((first, last),) = self._database.read(
            f"SELECT min(stamp), max(stamp) FROM resource WHERE model = $model AND {where}",
            model=self._catalog.table(model).number,
        )
        return None if first is None else Window(moment(first), moment(last) + _NEXT)

    def judged(self, model: str, span: Window) -> None:
        """The samples of a span were judged."""
        self._database.write(
            f"UPDATE resource SET judged = true WHERE {_SPAN} AND NOT judged",
            **self._values(model, span),
        )

    def _values(self, model: str, span: Window) -> dict[str, int]:
        first, last = microseconds(span.start), microseconds(span.end)
        return {"model": self._catalog.table(model).number, "first": first, "last": last}
