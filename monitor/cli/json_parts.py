"""NDJSON and JSON files as parts: each row as the service has it, its values as they were."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from monitor.cli.columns import PREFIX, Columns
from monitor.cli.files import JSON, NDJSON, MadeIds, unpacked
from monitor.cli.parts import LONGEST, Part, Record, bodies
from monitor.core.errors import BodyError

_LARGEST_JSON = 256 << 20


def ndjson_parts(file: Path, columns: Columns, ids: MadeIds) -> Iterator[Part]:
    """The parts of a file with an object a line; empty lines do not count."""
    size = max(1, file.stat().st_size)
    with unpacked(file) as (content, raw):
        lines = enumerate(iter(partial(content.readline, LONGEST), b""), 1)
        told = ((n, line.removeprefix(b"\xef\xbb\xbf") if n == 1 else line) for n, line in lines)
        rows = ((n, line) for n, line in told if line.strip())
        records = (
            Record(_as_row(line, columns, partial(ids.__getitem__, number)), n, raw.tell() / size)
            for number, (n, line) in enumerate(rows)
        )
        yield from bodies(records, NDJSON)


def json_parts(file: Path, columns: Columns, ids: MadeIds) -> Iterator[Part]:
    """An array of objects or one object; columns are sent as they are."""
    with unpacked(file) as (content, _):
        text = content.read(_LARGEST_JSON + 1)
    if len(text) > _LARGEST_JSON:
        raise BodyError(f"{file} is too large for one JSON document; write NDJSON instead")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise BodyError(f"cannot read {file}: not JSON: {problem}") from None
    if isinstance(document, dict) and "columns" in document:
        yield Part(JSON, text, range(1, 1), 1.0)
        return
    rows = document if isinstance(document, list) else [document]
    records = (
        Record(_as_row(json.dumps(row).encode(), columns, partial(ids.__getitem__, number)), number)
        for number, row in enumerate(rows)
    )
    yield from bodies(records, NDJSON)


_NULL = msgspec.Raw(b"null")
_read_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def _as_row(line: bytes, columns: Columns, made_id: Callable[[], str]) -> bytes:
    """An object as the service reads it, its values as they were; what is none stays as it is."""
    encode: Any = msgspec.json.encode
    try:
        sent: Mapping[str, Any] = _read_object(line)
    except msgspec.MsgspecError:  # NaN, or no object at all
        try:
            sent, encode = json.loads(line), lambda row: json.dumps(row).encode()
        except (ValueError, RecursionError):
            return _ended(line)
    if not isinstance(sent, dict):
        return _ended(line)
    row: dict[str, Any] = {}
    features: dict[str, Any] = {}
    for name, wire in zip(sent, columns.named(list(sent)), strict=True):
        if wire and wire.startswith(PREFIX):
            features[wire.removeprefix(PREFIX)] = sent[name]
        elif wire:
            row[wire] = sent[name]
    if features:
        row["features"] = _packed(row.get("features")) | features
    if row.get("prediction_id") in (None, _NULL):
        row["prediction_id"] = made_id()
    return _ended(encode(row))


def _packed(features: object) -> dict[str, Any]:
    """The features that stood together, where others of the same row stood alone."""
    if isinstance(features, msgspec.Raw) and bytes(features)[:1] == b"{":
        return _read_object(features)
    return features if isinstance(features, dict) else {}


def _ended(line: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + b"\n"
