"""Shows stored rows as the contract does: values as sent, and beside them the raw ones."""

from typing import Any

import msgspec
import numpy as np

from monitor.core.errors import QueryError
from monitor.core.ports import Json
from monitor.core.rows import moment
from monitor.store.layout import ModelTable

_MOST = 2**62
"""No event time in microseconds and no place comes near; the database holds twice as much."""


def shown(table: ModelTable, row: tuple[Any, ...]) -> tuple[str, Json]:
    """A row of Reading's query with its cursor."""
    since, place, prediction_id, _, received_at, version, prediction, score, latency, tags = row[
        :10
    ]
    *features, actual, names, raws = row[10:]
    raw = {n: msgspec.json.decode(v) for n, v in zip(names or (), raws or (), strict=True)}
    row_shown: Json = {
        "prediction_id": prediction_id,
        "timestamp": moment(since).isoformat().replace("+00:00", "Z"),
        "received_at": received_at.isoformat() + "Z",
        "version": version or None,
        "features": {
            column.name: _plain(value, column.name, raw)
            for column, value in zip(table.columns.values(), features, strict=True)
        },
        "prediction": _said(table, prediction, "prediction", raw),
        "score": _plain(None if score is None else msgspec.json.decode(_json(score)), "score", raw),
        "latency_ms": _plain(latency, "latency_ms", raw),
        "tags": None if tags is None else msgspec.json.decode(tags),
        "actual": _said(table, actual, "actual", raw),
    }
    if raw:
        row_shown["raw"] = raw
    return f"{since}-{place}", row_shown


def _json(score: str) -> str:
    """DuckDB writes NaN and infinity in words that JSON does not have."""
    return {"nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"'}.get(score, score)


def _said(table: ModelTable, value: Any, name: str, raw: Json) -> Any:
    if value is None or table.is_regression:
        return _plain(value, name, raw)
    return msgspec.json.decode(value)


def _plain(value: Any, name: str, raw: Json) -> Any:
    """A value that JSON can hold; NaN and infinity go to `raw` by their names."""
    if isinstance(value, float) and not np.isfinite(value):
        raw.setdefault(name, "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity")
        return None
    if isinstance(value, list):
        return [None if isinstance(v, float) and not np.isfinite(v) else v for v in value]
    return value.isoformat() + "Z" if hasattr(value, "isoformat") else value


def cursor(text: str | None) -> tuple[int, int]:
    """Event time and place after which a page begins. Raises QueryError."""
    if text is None:
        return 1 - _MOST, -1
    since, _, place = text.rpartition("-")
    try:
        after = int(since), int(place)
    except ValueError:
        after = _MOST, _MOST
    if max(map(abs, after)) >= _MOST:
        shown = text if len(text) <= 60 else f"{text[:60]}..."
        raise QueryError("cursor", f"{shown!r} is not a `next` of this route")
    return after
