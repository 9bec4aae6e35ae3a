"""Rows of a period that were sent before, to be sent once more as what is normal."""

from collections.abc import Iterator

import click

from monitor.cli.connection import Connection
from monitor.core.ports import Json

MOST = 200_000
"""Rows of a reference that is taken from a period."""
_PAGE = 1_000
_KEPT = ("prediction_id", "timestamp", "version", "prediction", "score", "latency_ms", "actual")


def rows_of(service: Connection, model: str, start: str | None, end: str | None) -> list[Json]:
    """The rows of a period as reference rows, with their actuals.

    Raises ClickException where there is none, or more than a reference may have.
    """
    found: list[Json] = []
    for page in _pages(service, model, start, end):
        found += [_as_reference(row) for row in page]
        if len(found) > MOST:
            raise click.ClickException(f"the period has more than {MOST} rows; take a shorter one")
    if not found:
        raise click.ClickException("the period has no rows")
    return found


def _pages(
    service: Connection, model: str, start: str | None, end: str | None
) -> Iterator[list[Json]]:
    asked = {"limit": str(_PAGE)} | {n: v for n, v in (("from", start), ("to", end)) if v}
    while True:
        answer = service.ask("GET", f"/v1/models/{model}/predictions", params=asked)
        yield answer["items"]
        if not answer["next"]:
            return
        asked["cursor"] = answer["next"]


def _as_reference(row: Json) -> Json:
    """What a reference row holds; values that did not fit stand as they were sent."""
    raw = row.get("raw") or {}
    features = {name: raw.get(name, value) for name, value in row["features"].items()}
    kept = {name: row[name] for name in _KEPT if row.get(name) is not None}
    return kept | {"features": features}
