"""Payloads of model servers → parts of rows: KServe's v1 protocol, and Open Inference (v2).

A request holds features: `{"instances": [...]}` or `{"inputs": [tensors]}`. A response holds what
the model answered: `{"predictions": [...]}` or `{"outputs": [tensors]}`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from monitor.core.errors import BodyError, BodyTooLargeError
from monitor.core.ports import Json
from monitor.core.spec import ModelSpec
from monitor.service.answered import Output, answer_parts
from monitor.service.mending import mended
from monitor.service.nesting import check_nesting
from monitor.service.tensors import Tensor, named, tensors

_ROW_BYTES = 256
"""What a row takes in memory, values and names apart."""


def read_payload(content: bytes) -> Any:
    """The JSON of a payload. Raises BodyError.

    >>> read_payload(b'{"instances": [[NaN]]}')
    {'instances': [[nan]]}
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise BodyError(f"not UTF-8 at byte {problem.start}") from None
    check_nesting(b"[%b]" % content)  # a row of ours may lie one level deeper than it came
    try:
        value = json.loads(text, parse_int=_integer, strict=False)
    except (ValueError, RecursionError) as problem:
        raise BodyError(f"not JSON: {problem}") from None
    return mended(value, content)


def _integer(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:  # more digits than Python reads; no integer type holds it anyway
        return float(digits)


def check_growth(rows: int, texts: Iterable[str], limit: int) -> None:
    """Raises BodyTooLargeError if rows that each carry these texts take more bytes than the limit.

    A long name is sent once and stands in every row: a small body may hide a very large one.
    """
    if rows * (_ROW_BYTES + sum(len(text.encode()) for text in texts)) > limit:
        raise BodyTooLargeError(limit)


def asked_rows(payload: object, spec: ModelSpec, limit: int) -> list[Json]:
    """The features of a request, a row each: `{"features": {...}}`.

    Values without names have the names of the spec's features in their order where there are as
    many, else `f0`, `f1`, ... Raises BodyError, and BodyTooLargeError for rows beyond the limit.

    >>> from monitor.core.spec import Task
    >>> asked_rows({"instances": [[41, 2], {"age": 7}]}, ModelSpec(Task.BINARY), 1000)
    [{'features': {'f0': 41, 'f1': 2}}, {'features': {'age': 7}}]
    """
    match payload:
        case {"instances": list() as instances}:
            check_growth(len(instances), _unsent(instances, spec), limit)
            rows = [_instance(instance, spec) for instance in instances]
        case {"inputs": list() as inputs}:
            rows = _features(tensors(inputs, "inputs"), _named(payload), spec, limit)
        case _:
            raise BodyError('the request must be {"instances": [...]} or {"inputs": [tensors]}')
    return [{"features": row} for row in rows]


def _named(payload: object) -> Sequence[str] | None:
    return named(payload.get("parameters")) if isinstance(payload, dict) else None


def _unsent(instances: Sequence[Any], spec: ModelSpec) -> Iterable[str]:
    """Names that were not sent with the instances and will stand in their rows."""
    return () if all(isinstance(i, dict) for i in instances) else spec.features


def _instance(instance: object, spec: ModelSpec) -> Mapping[str, Any]:
    match instance:
        case dict():
            return instance
        case list():
            return dict(zip(_names(len(instance), spec), instance, strict=True))
        case _:
            return dict(zip(_names(1, spec), [instance], strict=True))


def _names(width: int, spec: ModelSpec) -> Sequence[str]:
    declared = list(spec.features)
    return declared if len(declared) == width else [f"f{i}" for i in range(width)]


def _features(
    read: Sequence[Tensor], names: Sequence[str] | None, spec: ModelSpec, limit: int
) -> list[Mapping[str, Any]]:
    """A tensor is a feature; one that stands alone and has two axes holds a feature a column."""
    if len(read) == 1 and read[0].is_flat and (names or read[0].names or read[0].width > 1):
        (alone,) = read
        names = alone.names or names or _names(alone.width, spec)
        if len(names) != alone.width:
            raise BodyError(f"inputs: {len(names)} names for {alone.width} columns")
        if len(set(names)) < len(names):
            raise BodyError("inputs: two columns have the same name")
        check_growth(len(alone.values), names, limit)
        rows = alone.values if alone.width > 1 else [[value] for value in alone.values]
        return [dict(zip(names, row, strict=True)) for row in rows]
    size = len(read[0].values) if read else 0
    check_growth(size, [tensor.name for tensor in read], limit)
    return [{tensor.name: tensor.values[i] for tensor in read} for i in range(size)]


def answered_rows(payload: object, spec: ModelSpec, limit: int) -> list[Json]:
    """What a response answered, a row each: `prediction`, `score` and `tags` where there are any.

    Raises BodyError, and BodyTooLargeError for rows beyond the limit.

    >>> from monitor.core.spec import Task
    >>> answered_rows({"predictions": [0.25, 1]}, ModelSpec(Task.BINARY), 1000)
    [{'score': 0.25}, {'score': 1}]
    """
    match payload:
        case {"predictions": list() as predictions}:
            return _parts(_outputs(predictions), len(predictions), spec, limit)
        case {"outputs": list() as outputs}:
            read = tensors(outputs, "outputs")
            size = len(read[0].values) if read else 0
            return _parts([Output(t.name, t.values, t.names) for t in read], size, spec, limit)
    raise BodyError('the response must be {"predictions": [...]} or {"outputs": [tensors]}')


def _parts(outputs: Sequence[Output], size: int, spec: ModelSpec, limit: int) -> list[Json]:
    check_growth(size, [t for o in outputs for t in (o.name, *(o.classes or ()))], limit)
    return answer_parts(outputs, size, spec)


def _outputs(predictions: Sequence[Any]) -> list[Output]:
    """Predictions of v1: values, lists of values, or objects with a value for each output."""
    rows = [p if isinstance(p, dict) else {"predictions": _only(p)} for p in predictions]
    names = dict.fromkeys(name for row in rows for name in row)
    return [Output(name, [_only(row.get(name)) for row in rows]) for name in names]


def _only(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def version_of(payload: object) -> str | None:
    """The version of the model that a v2 response names."""
    version = payload.get("model_version") if isinstance(payload, dict) else None
    return version if isinstance(version, str) and version else None
