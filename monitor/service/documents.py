"""What OpenAPI says of a route: its answers, its errors, and bodies in every format."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from monitor.core.ports import Json
from monitor.service.problems import MEDIA_TYPE
from monitor.service.schemas import ProblemAnswer

_ERRORS = {
    400: "The body or a parameter cannot be read",
    401: "A key is missing",
    403: "The key is unknown",
    404: "The model, or what the address names of it, is not there",
    409: "Sound, but not now",
    413: "The body is too large",
    415: "Nobody here reads this media type or encoding",
    422: "The spec does not make sense",
    429: "Too much at once; `Retry-After` says when to repeat",
    503: "Not now; `Retry-After` says when to repeat",
}
_RETRY = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_KEYS = (401, 403)
TENSORS = {
    "tensors": {
        "summary": "A request of the Open Inference Protocol with its response",
        "value": {
            "id": "a1",
            "model_version": "3",
            "inputs": [
                {"name": "age", "shape": [1], "datatype": "INT64", "data": [41]},
                {"name": "gender", "shape": [1], "datatype": "BYTES", "data": ["Female"]},
            ],
            "outputs": [{"name": "score", "shape": [1], "datatype": "FP64", "data": [0.83]}],
        },
    }
}
"""An example of the predictions route beyond those that each route of rows has."""
_PROBLEM = ProblemAnswer.model_json_schema()
_TIME: Json = {
    "type": ["string", "number", "null"],
    "description": "RFC 3339, or epoch milliseconds.",
}
_TEXT: Json = {"type": ["string", "null"]}
_ASKED: Mapping[str, Json] = {
    "from": _TIME,
    "to": _TIME,
    "reason": _TEXT,
    "note": _TEXT,
    "until": _TIME,
    "false_alarm": {"type": ["boolean", "null"]},
}
"""Keys of small bodies."""
_PARTS: Mapping[str, Json] = {
    "prediction_id": {
        "type": ["string", "integer", "null"],
        "minLength": 1,
        "description": "The same one again is a duplicate; made by the service if missing.",
    },
    "timestamp": _TIME | {"description": "Event time: RFC 3339, or epoch milliseconds."},
    "features": {"type": "object", "description": "Names and values, whatever those are."},
}
"""Parts of a row that have to be of a kind; the others may hold anything."""


def answers(
    model: type[BaseModel], *errors: int, status: int = 200, keyed: bool = True
) -> dict[int | str, Json]:
    """The answer and every error of a route, for the `responses` of its decorator."""
    described: dict[int | str, Json] = {status: {"model": model}}
    for code in sorted({*errors, *(_KEYS if keyed else ())}):
        described[code] = {
            "description": _ERRORS[code],
            "content": {MEDIA_TYPE: {"schema": _PROBLEM}},
            **({"headers": _RETRY} if code in {429, 503} else {}),
        }
    described["default"] = {"description": "Any other error, as a problem document"}
    return described


def json_body(
    example: Json, schema: Mapping[str, Any] | None = None, *, required: bool = False
) -> Json:
    """A JSON body, for the `openapi_extra` of a route that reads it itself.

    Without a schema it holds nothing but what the example has, and any of it may be left out.
    """
    if schema is None:
        schema = {
            "type": ["object", "null"],
            "properties": {name: _ASKED.get(name, {}) for name in example},
            "additionalProperties": False,
        }
    content = {"schema": dict(schema), "example": example}
    return {"requestBody": {"required": required, "content": {"application/json": content}}}


def rows_body(row: Json, media_types: Iterable[str]) -> Json:
    """A body of rows in every format, for the `openapi_extra` of a route that reads it itself.

    The example of each format holds the same row.
    """
    content = {media_type: _rows_content(media_type, row) for media_type in media_types}
    return {
        "requestBody": {"required": True, "content": content},
        "parameters": [
            {
                "name": "Content-Encoding",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "enum": ["gzip", "zstd"]},
                "description": "How the body is packed.",
            }
        ],
    }


def _rows_content(media_type: str, row: Json) -> Json:
    if media_type == "application/json":
        return _json_content(row)
    flat = {k: v for k, v in row.items() if not isinstance(v, dict)}
    flat |= {f"features.{k}": v for k, v in row.get("features", {}).items()}
    if media_type == "application/x-ndjson":
        return {"schema": {"type": "string"}, "example": json.dumps(row) + "\n"}
    if media_type == "text/csv":
        lines = [",".join(flat), ",".join(str(v) for v in flat.values())]
        return {"schema": {"type": "string"}, "example": "\n".join(lines) + "\n"}
    columns = f"columns: {', '.join(flat)}; or a struct column `features`"
    return {"schema": {"type": "string", "format": "binary", "description": columns}}


def _json_content(row: Json) -> Json:
    columns = {
        name: {n: [v] for n, v in value.items()} if name == "features" else [value]
        for name, value in row.items()
    }
    one = _row_schema(row)
    by_column = {"type": "object", "required": ["columns"], "properties": {"columns": _COLUMNS}}
    return {
        "schema": {"anyOf": [{"type": "array", "items": one}, one, by_column]},
        "examples": {
            "array": {"summary": "Many rows", "value": [row]},
            "object": {"summary": "One row", "value": row},
            "columns": {"summary": "Many rows, by column", "value": {"columns": columns}},
        },
    }


def _row_schema(row: Json) -> Json:
    """What must hold of a row for it to be accepted."""
    required = ["features"] if "features" in row else ["prediction_id", "actual"]
    parts = {name: dict(_PARTS.get(name, {})) for name in row}
    if "prediction_id" in required:
        parts["prediction_id"]["type"] = ["string", "integer"]
        parts["actual"] = {"not": {"type": "null"}}
    return {"type": "object", "required": required, "properties": parts}


_COLUMNS: Json = {
    "type": "object",
    "description": "An array for each part, all of one length; under `features` one for each.",
    "properties": {"features": {"type": "object", "additionalProperties": {"type": "array"}}},
}
