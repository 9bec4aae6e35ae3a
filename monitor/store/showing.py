"""Shows stored rows as the contract does: values as sent, and beside them the raw ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitor.core.errors import QueryError
from monitor.core.ports import Json
from monitor.core.rows import moment
from monitor.store.forms import Form, restored, unpacked
from monitor.store.layout import ModelTable
from monitor.store.written import is_odd, read_json, without_odd

_PARTS = frozenset({"prediction", "score", "latency_ms", "tags", "actual"})
_MOST = 2**62
"""No event time in microseconds and no place comes near; the database holds twice as much."""


@dataclass(slots=True)
class _Raw:
    """What stands in `raw` of one row, and which of it are numbers that JSON does not have."""

    values: Json = field(default_factory=dict)
    nonfinite: list[str] = field(default_factory=list)

    def keep(self, name: str, value: Any) -> None:
        """A value as it was sent."""
        if is_odd(value):
            self.nonfinite.append(name)
        self.values[name] = without_odd(value, named=True)

    def plain(self, name: str, value: Any) -> Any:
        """A value that JSON can hold; what it cannot goes to `raw` by name, and is null here."""
        if not is_odd(value):
            return value
        if name not in self.values:
            self.keep(name, value)
        return without_odd(value, named=False)


@dataclass(frozen=True, slots=True)
class Beside:
    """What was kept of one row because its columns do not hold it: JSON texts by name."""

    misfits: dict[str, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    whole: dict[str, str] = field(default_factory=dict)


def shown(
    table: ModelTable, row: tuple[Any, ...], actual: tuple[Any, str | None], beside: Beside
) -> tuple[str, Json]:
    """A row of Reading's query, with its actual as stored or else as sent, and with its cursor."""
    (since, place, prediction_id, received_at, version, prediction) = row[:6]
    (score, scores, latency, tags, forms, extra) = row[6:12]
    raw = _Raw()
    for name, value in beside.misfits.items():
        raw.keep(_raw_name(name), read_json(value))
    for name, value in beside.parts.items():
        raw.keep(name, read_json(value))
    if actual[1] is not None:
        raw.keep("actual", read_json(actual[1]))
    row_shown: Json = {
        "prediction_id": prediction_id,
        "timestamp": moment(since).isoformat().replace("+00:00", "Z"),
        "received_at": received_at.isoformat() + "Z",
        "version": version or None,
        "features": _features(table, row[12:], unpacked(forms), beside.whole, raw, extra),
        "prediction": raw.plain("prediction", _label(table, prediction)),
        "score": raw.plain("score", score if scores is None else read_json(scores)),
        "latency_ms": raw.plain("latency_ms", latency),
        "tags": None if tags is None else raw.plain("tags", read_json(tags)),
        "actual": raw.plain("actual", _label(table, actual[0])),
    }
    if raw.values:
        row_shown["raw"] = raw.values
    if raw.nonfinite:
        row_shown["nonfinite"] = raw.nonfinite
    return f"{since}-{place}", row_shown


def _features(
    table: ModelTable,
    values: Sequence[Any],
    forms: Mapping[int, Form],
    whole: Mapping[str, str],
    raw: _Raw,
    extra: str | None,
) -> Json:
    """The features that were sent, as they were sent."""
    found: Json = {}
    for held, value in zip(table.columns.values(), values, strict=True):
        name, form = held.name, forms.get(held.number, held.usual)
        if name in whole:
            found[name] = raw.plain(_raw_name(name), read_json(whole[name]))
        elif value is not None or form is Form.NULL or _raw_name(name) in raw.values:
            found[name] = raw.plain(_raw_name(name), restored(value, held.type, form))
    for name, value in read_json(extra or "{}").items():
        found.setdefault(name, raw.plain(_raw_name(name), value))
    return found


def _raw_name(feature: str) -> str:
    """The name of a feature in `raw`, where parts stand too."""
    taken = feature in _PARTS or feature.startswith("features.")
    return f"features.{feature}" if taken else feature


def _label(table: ModelTable, value: Any) -> Any:
    return value if value is None or table.is_regression else read_json(value)


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
