"""Keeps what was judged."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pyarrow as pa

from monitor.core.findings import Finding
from monitor.core.ports import FindingQuery
from monitor.core.rows import microseconds
from monitor.store.database import Database
from monitor.store.samples import span_values
from monitor.store.tally import stamps

_IDENTITY = ("model", "version", "start", "detector", "method", "feature", "segment")
_COLUMNS = {
    **dict.fromkeys(_IDENTITY, pa.string()),
    "stop": pa.int64(),
    "rows": pa.int64(),
    "alert": pa.bool_(),
    "document": pa.string(),
}
_STAMPS = frozenset({"start", "stop"})


def _encode(finding: Finding) -> str:
    return msgspec.json.encode(finding).decode()


def _decoded(rows: Sequence[tuple[Any, ...]]) -> list[Finding]:
    return [
        replace(msgspec.json.decode(document, type=Finding), number=number)
        for number, document in rows
    ]


class Findings:
    """Keeps FindingLog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, findings: Sequence[Finding]) -> None:
        """Add findings; one of the same identity is replaced, and gets a new number."""
        if not findings:
            return
        rows = {row[: len(_IDENTITY)]: row for row in map(_row, findings)}
        columns = zip(*rows.values(), strict=True)
        batch = pa.table(
            {
                name: stamps(list(values)) if name in _STAMPS else pa.array(list(values), kind)
                for (name, kind), values in zip(_COLUMNS.items(), columns, strict=True)
            }
        )
        same = " AND ".join(f"finding.{n} IS NOT DISTINCT FROM batch.{n}" for n in _IDENTITY)
        listed = ", ".join(_COLUMNS)
        with self._database.staged(batch) as connection:
            connection.execute(f"DELETE FROM finding USING batch WHERE {same}")
            connection.execute(
                f"""
                INSERT INTO finding (number, {listed})
                SELECT nextval('finding_number'), {listed} FROM batch
                """
            )

    def find(self, query: FindingQuery) -> Sequence[Finding]:
        """Findings that match, newest first."""
        where = ["model = $model"]
        values: dict[str, object] = {"model": query.model, "limit": query.limit}
        if query.span is not None:
            where.append("start >= make_timestamp($first) AND start < make_timestamp($last)")
            values |= span_values(query.span)
        for name, operator in (("detector", "="), ("feature", "="), ("alert", "=")):
            if getattr(query, name) is not None:
                where.append(f"{name} {operator} ${name}")
                values[name] = getattr(query, name)
        if query.before is not None:
            where.append("number < $before")
            values["before"] = query.before
        return _decoded(
            self._database.read(
                f"""
                SELECT number, document FROM finding WHERE {" AND ".join(where)}
                ORDER BY number DESC LIMIT $limit
                """,
                **values,
            )
        )

    def latest(self) -> Sequence[Finding]:
        """Of each model, detector, feature, segment and method the one of the newest window."""
        return _decoded(
            self._database.read(
                """
                SELECT max_by(number, (start, number)), max_by(document, (start, number))
                FROM finding GROUP BY model, detector, feature, segment, method ORDER BY 1
                """
            )
        )

    def alerts_after(self, model: str, number: int) -> Sequence[Finding]:
        """Alerts with a larger number, oldest first."""
        return _decoded(
            self._database.read(
                """
                SELECT number, document FROM finding
                WHERE model = $model AND number > $number AND alert ORDER BY number
                """,
                model=model,
                number=number,
            )
        )


def _row(finding: Finding) -> tuple[object, ...]:
    measured = finding.measured
    return (
        finding.model,
        finding.version,
        microseconds(finding.window.start),
        finding.detector,
        measured.method,
        measured.feature,
        measured.segment,
        microseconds(finding.window.end),
        finding.rows,
        finding.alert,
        _encode(finding),
    )
