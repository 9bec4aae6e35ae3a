"""JSON bodies → rows: one object, an array, columns, or an object a line.

The fast way is msgspec. What it refuses goes the slow way: the standard parser, which reads NaN
and Infinity too, because a bad value is a finding and never an error.
"""

import json
import re
from collections.abc import Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from monitor.core.errors import BodyError
from monitor.core.rows import PARTS, Column, Kind, Rows, Scattered
from monitor.service.mending import mended
from monitor.service.nesting import check_nesting
from monitor.service.row_parts import (
    NO_OBJECT,
    RULED,
    Faults,
    lines_of,
    part,
    require,
    rows_of,
)

_NO_OBJECT = "row: must be an object"
_CELLS = 10_000_000
"""Rows times features up to which every feature is a column at once."""


class _Row(msgspec.Struct):
    features: Any = None
    prediction_id: Any = None
    timestamp: Any = None
    version: Any = None
    prediction: Any = None
    score: Any = None
    latency_ms: Any = None
    tags: Any = None
    actual: Any = None


class _Unread(msgspec.Struct, gc=False):
    """An object that nobody looks into."""


class _Glance(msgspec.Struct, gc=False):
    """What the door needs of a prediction."""

    features: _Unread
    prediction_id: Any = None
    timestamp: Any = None
    version: Any = None


_DEEP = msgspec.json.Decoder(_Row)
_DEEP_BODY = msgspec.json.Decoder(_Row | list[_Row])
_GLANCE = msgspec.json.Decoder(_Glance)
_GLANCE_BODY = msgspec.json.Decoder(_Glance | list[_Glance])
_COLUMNS = re.compile(rb'\s*\{\s*"columns"\s*:')
_Sent = _Row | str
"""A row, or why there is none."""


def json_rows(content: bytes, kind: Kind, *, shallow: bool, limit: int) -> Rows:  # noqa: ARG001
    """Rows of one object, of an array of objects, or of `{"columns": {...}}`.

    Raises BodyError if it is no JSON, or none of the three.
    """
    text = _utf8(content)
    check_nesting(text)
    if not text.strip():
        return Rows(0)
    if not _COLUMNS.match(text) and (read := _read(text, kind, shallow=shallow)) is not None:
        return read
    value = _parse(text)
    match value:
        case {"columns": dict() as columns} if "features" not in value:
            return _columnar(columns, kind, shallow=shallow)
        case dict():
            return _rows([_from_object(value)], kind, shallow=shallow)
        case list():
            return _rows([_from_object(v) for v in value], kind, shallow=shallow)
    raise BodyError('the body must be an object, an array of objects, or {"columns": {...}}')


def _read(text: bytes, kind: Kind, *, shallow: bool) -> Rows | None:
    """The rows as msgspec reads them; None for what it refuses, or what may be columns."""
    try:
        if shallow and kind is not Kind.ACTUALS:
            glance = _GLANCE_BODY.decode(text)
            return _glanced(glance, kind) if isinstance(glance, list) else _alone(glance, kind)
        read = _DEEP_BODY.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return None
    if isinstance(read, list):
        return _rows(read, kind, shallow=shallow)
    alone = read.features is not None or kind is Kind.ACTUALS
    return _rows([read], kind, shallow=shallow) if alone else None


def ndjson_rows(content: bytes, kind: Kind, *, shallow: bool, limit: int) -> Rows:  # noqa: ARG001
    """Rows of an object a line; empty lines do not count, an unreadable line is a rejected row."""
    glance = shallow and kind is not Kind.ACTUALS
    rows: list[_Sent | _Glance] = []
    for line in lines_of(content):
        try:
            if not line.isascii() or line.count(b"[") + line.count(b"{") > 64:
                check_nesting(_utf8(line))
            rows.append(_GLANCE.decode(line) if glance else _DEEP.decode(line))
        except BodyError as problem:
            rows.append(f"row: {problem}")
        except (msgspec.MsgspecError, RecursionError):
            rows.append(_line(line))
    if glance and all(type(row) is _Glance for row in rows):
        return _glanced(rows, kind)
    return _rows([_given(row) for row in rows], kind, shallow=shallow)


def _given(row: "_Sent | _Glance") -> _Sent:
    if not isinstance(row, _Glance):
        return row
    return _Row({}, row.prediction_id, row.timestamp, row.version)


def _alone(row: _Glance, kind: Kind) -> Rows:
    """The same of one row; those who send rows one by one send many bodies."""
    plain = row.timestamp is None and row.version is None
    if plain and type(row.prediction_id) is str and row.prediction_id:
        return Rows(1, {"prediction_id": [row.prediction_id]}, {}, {}, [])
    return _glanced([row], kind)


def _glanced(rows: Sequence[Any], kind: Kind) -> Rows:
    """The checked rows of which nothing but the door's columns was read."""
    faults: Faults = {}
    columns: dict[str, list[Any]] = {}
    for name in RULED:
        values = list(map(attrgetter(name), rows))
        if values.count(None) < len(values):
            columns[name] = values
    return rows_of(len(rows), _checked(columns, kind, faults), {}, {}, faults)


def _line(line: bytes) -> _Sent:
    try:
        return _from_object(_parse(line))
    except BodyError as problem:
        return f"row: {problem}"


def _utf8(content: bytes) -> bytes:
    """The content without a byte order mark. Raises BodyError if it is not UTF-8."""
    if not content.isascii():
        try:
            content.decode()
        except UnicodeDecodeError as problem:
            raise BodyError(f"not UTF-8 at byte {problem.start}") from None
    return content.removeprefix(b"\xef\xbb\xbf")


def _integer(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:  # more digits than Python reads; no integer type holds it anyway
        return float(digits)


def _parse(content: bytes) -> Any:
    try:
        value = json.loads(content.decode(), parse_int=_integer, strict=False)
    except (ValueError, RecursionError) as problem:
        raise BodyError(f"not JSON: {problem}") from None
    return mended(value, content)


def _from_object(value: object) -> _Sent:
    if not isinstance(value, dict):
        return _NO_OBJECT
    return _Row(**{name: value[name] for name in _Row.__struct_fields__ if name in value})


def _rows(sent: Sequence[_Sent], kind: Kind, *, shallow: bool) -> Rows:
    """The checked rows, column by column; the features of shallow rows stay unread."""
    faults: Faults = {i: row for i, row in enumerate(sent) if isinstance(row, str)}
    empty = _Row()
    rows = [empty if isinstance(row, str) else row for row in sent] if faults else sent
    given: list[Any] = []
    if kind is not Kind.ACTUALS:
        given = [row.features for row in rows]  # type: ignore[union-attr]
        for index, value in enumerate(given):
            if not isinstance(value, dict):
                faults.setdefault(index, NO_OBJECT)
    names = RULED if shallow and kind is not Kind.ACTUALS else PARTS[kind]
    columns = {name: [getattr(row, name) for row in rows] for name in names}
    columns = _checked(columns, kind, faults)
    if shallow or kind is Kind.ACTUALS:
        return rows_of(len(sent), columns, {}, {}, faults)
    return rows_of(len(sent), columns, *_spread(given, faults), faults)


def _checked(columns: dict[str, list[Any]], kind: Kind, faults: Faults) -> dict[str, list[Any]]:
    """The parts that were sent, under their rules; None everywhere in rejected rows."""
    done = {name: part(name, values, faults) for name, values in columns.items()}
    if kind is Kind.ACTUALS:
        for name in ("prediction_id", "actual"):
            require(name, [i for i, v in enumerate(done[name]) if v is None], faults)
    for index in faults:
        for values in done.values():
            values[index] = None
    return {name: v for name, v in done.items() if any(x is not None for x in v)}


def _spread(
    given: Sequence[Any], faults: Faults
) -> tuple[Mapping[str, Column], Mapping[str, npt.NDArray[np.bool_]]]:
    """A column for each feature, and which rows lack it."""
    objects = [{} if i in faults else row for i, row in enumerate(given)] if faults else given
    features: dict[str, list[Any]] = {}
    absent: dict[str, npt.NDArray[np.bool_]] = {}
    names = list(dict.fromkeys(chain.from_iterable(objects)))
    if len(names) * len(objects) > _CELLS:
        return Scattered(objects), absent
    if len(objects) > 1 and all(list(row) == names for row in objects):
        columns = map(list, zip(*(row.values() for row in objects), strict=True))
        return dict(zip(names, columns, strict=True)), absent
    for name in names:
        try:
            features[name] = [row[name] for row in objects]
        except KeyError:
            features[name] = [row.get(name) for row in objects]
            absent[name] = np.array([name not in row for row in objects])
    return features, absent


def _columnar(sent: Mapping[str, Any], kind: Kind, *, shallow: bool) -> Rows:
    """Rows of `{"prediction_id": [...], "features": {"age": [...]}}`.

    Where nothing is called `features` or `features.NAME`, each column that is no part of a row is
    a feature. Raises BodyError if the columns are no arrays of one length.
    """
    parts = {name: sent[name] for name in PARTS[kind] if sent.get(name) is not None}
    features = {} if kind is Kind.ACTUALS else _feature_columns(sent)
    lengths = {}
    for name, values in [*parts.items(), *features.items()]:
        if not isinstance(values, list):
            raise BodyError(f"column {name!r} must be an array")
        lengths[name] = len(values)
    size = max(lengths.values(), default=0)
    for name, length in lengths.items():
        if length != size:
            raise BodyError(f"column {name!r} has {length} values, others have {size}")
    if size and not features and kind is not Kind.ACTUALS:
        raise BodyError('the columns hold no "features": {"NAME": [...]}')
    faults: Faults = {}
    names = RULED if shallow and kind is not Kind.ACTUALS else PARTS[kind]
    columns = {name: parts.get(name) or [None] * size for name in names}
    columns = _checked(columns, kind, faults)
    for index in faults:
        for values in features.values():
            values[index] = None
    return rows_of(size, columns, {} if shallow else features, {}, faults)


def _feature_columns(sent: Mapping[str, Any]) -> dict[str, Any]:
    nested = sent.get("features")
    if nested is not None and not isinstance(nested, dict):
        raise BodyError("features: must be an object of names and arrays")
    features = dict(nested or {})
    for name, values in sent.items():
        if name.startswith("features."):
            features[name.removeprefix("features.")] = values
    if features or nested is not None:
        return features
    named = {"features", *PARTS[Kind.REFERENCE]}
    return {name: values for name, values in sent.items() if name not in named}
