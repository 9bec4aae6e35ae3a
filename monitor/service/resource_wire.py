"""Samples of what serving takes: JSON in."""

import math
from collections.abc import Mapping
from datetime import datetime

from monitor.core.errors import BodyError, nearest
from monitor.core.ports import Json
from monitor.core.resources import ResourceSample
from monitor.core.rows import moment
from monitor.service.row_parts import event_time, version

AMOUNTS = (
    "memory_bytes",
    "cpu_cores",
    "gpu_memory_bytes",
    "gpu_share",
    "cost",
    "requests",
    "errors",
)
_PARTS = ("timestamp", "version", "host", *AMOUNTS)
_MOST = 10_000
EXAMPLE: Json = {
    "timestamp": "2026-03-01T12:00:00Z",
    "version": "3",
    "host": "a",
    "memory_bytes": 1.2e9,
    "cpu_cores": 1.7,
    "cost": 0.02,
    "requests": 5200,
    "errors": 3,
}
_NUMBER: Json = {"type": ["number", "null"], "minimum": 0}
_ONE: Json = {
    "type": "object",
    "properties": {
        "timestamp": {"type": ["string", "number", "null"]},
        "version": {"type": ["string", "null"]},
        "host": {"type": ["string", "null"]},
        **dict.fromkeys(AMOUNTS, _NUMBER),
    },
}
SCHEMA: Json = {"oneOf": [_ONE, {"type": "array", "items": _ONE, "maxItems": _MOST}]}
Read = tuple[list[ResourceSample], list[Json]]


def samples_from(document: object, now: datetime) -> Read:
    """The samples of a document, one object or an array of them, and those rejected, with why.

    Raises BodyError for anything else.
    """
    rows = document if isinstance(document, list) else [document]
    if not isinstance(document, list | dict):
        raise BodyError("a sample is an object; several are an array")
    if len(rows) > _MOST:
        raise BodyError(f"at most {_MOST} samples go into one body")
    taken: list[ResourceSample] = []
    rejected: list[Json] = []
    for index, row in enumerate(rows):
        try:
            taken.append(_sample(row, now))
        except ValueError as problem:
            rejected.append({"index": index, "error": str(problem)})
    return taken, rejected


def _sample(row: object, now: datetime) -> ResourceSample:
    if not isinstance(row, dict):
        raise ValueError("a sample is an object")  # noqa: TRY004 - a row that is told, not a bug
    for key in row:
        if key not in _PARTS:
            raise ValueError(f"{key}: {nearest(str(key), _PARTS)}known: {', '.join(_PARTS)}")
    amounts = {name: _amount(name, row.get(name)) for name in AMOUNTS}
    if all(value is None for value in amounts.values()):
        raise ValueError(f"nothing is reported; a sample has one of {', '.join(AMOUNTS)}")
    share = amounts["gpu_share"]
    if share is not None and share > 1:
        raise ValueError("gpu_share: is a share, from 0 to 1")
    return ResourceSample(_time(row, now), _version(row), _host(row), **amounts)


def _time(row: Mapping[str, object], now: datetime) -> datetime:
    sent = row.get("timestamp")
    try:
        return now if sent is None else moment(event_time(sent))
    except ValueError as problem:
        raise ValueError(f"timestamp: {problem}") from None


def _version(row: Mapping[str, object]) -> str:
    try:
        return version(row.get("version")) or ""
    except ValueError as problem:
        raise ValueError(f"version: {problem}") from None


def _host(row: Mapping[str, object]) -> str:
    host = row.get("host")
    if host is None:
        return ""
    if not isinstance(host, str) or len(host) > 200:
        raise ValueError("host: must be a text of at most 200 characters")
    return host


def _amount(name: str, value: object) -> float | None:
    if value is None:
        return None
    sound = isinstance(value, int | float) and not isinstance(value, bool)
    if not sound or not math.isfinite(float(str(value))) or float(str(value)) < 0:
        raise ValueError(f"{name}: must be a finite number, 0 or more")
    return float(str(value))
