"""Open Inference bodies on the predictions route: request and response in one JSON → rows.

`{"inputs": [tensors], "outputs": [tensors]}`, as an Open Inference server was asked and answered.
"""

import json
import re
from collections.abc import Callable

import pyarrow as pa

from monitor.core.errors import BodyError
from monitor.core.ports import Json
from monitor.core.rows import Body
from monitor.core.spec import ModelSpec
from monitor.service.bodies import unpack
from monitor.service.inference import (
    answered_rows,
    asked_rows,
    check_growth,
    read_payload,
    version_of,
)

_KEYS = rb"id|inputs|outputs|model_name|model_version|parameters"
_PERHAPS = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"(?:' + _KEYS + rb')"\s*:')
_LOOK = 256
"""Bytes in which the first key of a body must stand."""


def as_rows(body: Body, spec: Callable[[], ModelSpec], limit: int) -> Body:
    """The body itself, or ordinary rows where it is an Open Inference request and its response.

    It is one if it is a JSON object with an array `inputs` and neither `features` nor `columns`.
    Its `id` becomes the prediction id, with `-0`, `-1`, ... where there are several rows.
    `limit` bounds the unpacked size in bytes. Raises BodyError.

    >>> from monitor.core.spec import Task
    >>> sent = b'{"inputs": [{"name": "age", "shape": [1], "datatype": "INT64", "data": [41]}]}'
    >>> as_rows(Body(sent), lambda: ModelSpec(Task.BINARY), 1000).content
    b'[{"features": {"age": 41}}]'
    """
    if not _is_json(body.media_type) or not _PERHAPS.match(_start(body)):
        return body
    content = unpack(body.content, body.encoding, limit)
    try:
        payload = read_payload(content)
    except BodyError:
        return body  # read again by those who can say what is wrong with it
    match payload:
        case {"features": _} | {"columns": _}:
            return body
        case {"inputs": list()}:
            return Body(json.dumps(_rows(payload, spec(), limit), ensure_ascii=False).encode())
    return body


def _is_json(media_type: str) -> bool:
    return media_type.split(";", 1)[0].strip().lower() in {"", "application/json"}


def _start(body: Body) -> bytes:
    """The first bytes of a body, unpacked; none where they cannot be."""
    if body.encoding in {"", "identity"}:
        return body.content[:_LOOK]
    codec = body.encoding.strip().lower().removeprefix("x-")
    if codec not in {"gzip", "zstd"}:
        return b""
    try:
        return bytes(pa.CompressedInputStream(pa.py_buffer(body.content), codec).read(_LOOK))
    except (OSError, pa.ArrowException):
        return b""


def _rows(payload: Json, spec: ModelSpec, limit: int) -> list[Json]:
    rows = asked_rows(payload, spec, limit)
    if "outputs" in payload:
        answered = answered_rows({"outputs": payload["outputs"]}, spec, limit)
        if len(answered) != len(rows):
            raise BodyError(f"{len(rows)} rows of inputs, {len(answered)} rows of outputs")
        rows = [asked | said for asked, said in zip(rows, answered, strict=True)]
    version, event = version_of(payload), payload.get("id")
    check_growth(len(rows), [version or "", str(event)], limit)
    for number, row in enumerate(rows):
        if version:
            row["version"] = version
        if event is not None:
            row["prediction_id"] = f"{event}-{number}" if len(rows) > 1 else event
    return rows
