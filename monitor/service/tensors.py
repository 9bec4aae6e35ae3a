"""Tensors of the Open Inference Protocol → values, one a row.

Source: Open Inference Protocol, `$request_input` and `$response_output` of the REST API.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from monitor.core.errors import BodyError

_BINARY = "binary_data_size"
_NAMES = ("names", "feature_names", "columns", "class_names", "labels")
"""Parameters that servers use to name what stands along the last axis."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A named tensor, cut along its first axis: a scalar a row, or a flat list of `width`."""

    name: str
    values: Sequence[Any]
    width: int
    is_flat: bool
    """Whether it has two axes at most, so that an item of a row may have a name."""
    names: Sequence[str] | None


def tensors(sent: object, where: str) -> list[Tensor]:
    """The tensors of `inputs` or `outputs`, all of the same number of rows.

    Raises BodyError if they are not what the protocol says.

    >>> tensors([{"name": "x", "shape": [2, 1], "datatype": "INT64", "data": [7, 8]}], "inputs")
    [Tensor(name='x', values=[7, 8], width=1, is_flat=True, names=None)]
    """
    if not isinstance(sent, list):
        raise BodyError(f"{where}: must be an array of tensors")
    read = [_tensor(tensor, f"{where}[{i}]") for i, tensor in enumerate(sent)]
    for tensor in read:
        if len(tensor.values) != len(read[0].values):
            raise BodyError(
                f"{where}: {tensor.name!r} has {len(tensor.values)} rows, "
                f"{read[0].name!r} has {len(read[0].values)}"
            )
    if len({tensor.name for tensor in read}) < len(read):
        raise BodyError(f"{where}: two tensors have the same name")
    return read


def _tensor(sent: object, where: str) -> Tensor:
    if not isinstance(sent, dict):
        raise BodyError(f"{where}: must be an object")
    name = sent.get("name")
    if not isinstance(name, str):
        raise BodyError(f"{where}: name must be text")
    shape = _shape(sent.get("shape"), where)
    values = _flat(sent, where)
    if len(values) != prod(shape):
        raise BodyError(f"{where}: {len(values)} values do not fill the shape {shape}")
    width = prod(shape[1:])
    rows = [values[i : i + width] for i in range(0, len(values), width)] if width > 1 else values
    return Tensor(name, rows, width, len(shape) <= 2, named(sent.get("parameters")))


def _shape(sent: object, where: str) -> list[int]:
    numbers = isinstance(sent, list) and all(type(n) is int for n in sent)
    if not numbers or not sent or sent[0] < 0 or min(sent[1:], default=1) < 1:  # type: ignore[index]
        raise BodyError(f"{where}: shape must be an array of sizes, [rows, ...]")
    return sent  # type: ignore[return-value]


def _flat(sent: Mapping[str, Any], where: str) -> list[Any]:
    """The values in row-major order, whether they were sent flat or nested."""
    parameters = sent.get("parameters")
    if isinstance(parameters, dict) and _BINARY in parameters:
        raise BodyError(f"{where}: binary tensor data is not read; send it as JSON")
    values = sent.get("data")
    if not isinstance(values, list):
        raise BodyError(f"{where}: data must be an array")
    while any(isinstance(value, list) for value in values):
        if not all(isinstance(value, list) for value in values):
            raise BodyError(f"{where}: data is nested unevenly")
        values = [item for value in values for item in value]
    return values


def named(parameters: object) -> Sequence[str] | None:
    """The names along the last axis that the parameters of a request or tensor give."""
    if isinstance(parameters, dict):
        for key in _NAMES:
            names = parameters.get(key)
            names = names.split(",") if isinstance(names, str) else names
            if isinstance(names, list) and names and all(isinstance(n, str) for n in names):
                return [name.strip() for name in names]
    return None
