"""Values as JSON texts, and back, exactly.

NaN and infinity stand in the texts as `NaN`, `Infinity` and `-Infinity`, which JSON does not have
and Python's parser reads: so they stay apart from texts of the same letters, and from null.
"""

import json
import math
from collections.abc import Iterable
from typing import Any

import msgspec
import pyarrow as pa

from monitor.core.rows import Column, label

_NONE = type(None)
_ZERO = (float, 0.0)
_NAMES = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def as_json(value: object) -> str:
    r"""One value as JSON text; what JSON does not have stands as its text.

    >>> [as_json(v) for v in (1, 1.0, "1", float("nan"), "NaN", {"a": [float("-inf")]})]
    ['1', '1.0', '"1"', 'NaN', '"NaN"', '{"a": [-Infinity]}']
    """
    if isinstance(value, float):
        return name_of(value) or msgspec.json.encode(value).decode()
    if isinstance(value, str):
        value = value.encode("utf-8", "replace").decode()
    text = msgspec.json.encode(value, enc_hook=str)
    if b"null" in text and is_odd(value):  # that is how msgspec writes NaN
        return json.dumps(msgspec.to_builtins(value, enc_hook=str), ensure_ascii=False)
    return text.decode()


def name_of(value: float) -> str | None:
    """The word for a number that JSON does not have; None for one that it has."""
    return None if math.isfinite(value) else _NAMES[str(value)]


def is_odd(value: object) -> bool:
    """Whether a number that JSON does not have stands somewhere in the value."""
    match value:
        case float():
            return not math.isfinite(value)
        case list() | tuple():
            return any(map(is_odd, value))
        case dict():
            return any(map(is_odd, value.values()))
    return False


def without_odd(value: Any, *, named: bool) -> Any:
    """The value with null, or with its name, for each number that JSON does not have."""
    match value:
        case float() if not math.isfinite(value):
            return name_of(value) if named else None
        case list():
            return [without_odd(v, named=named) for v in value]
        case dict():
            return {k: without_odd(v, named=named) for k, v in value.items()}
    return value


def read_json(text: str) -> Any:
    """The value of a text that `as_json` made."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return json.loads(text)


def json_texts(column: Column) -> pa.Array:
    """Each value as JSON text, null where missing; in an Arrow column each is written only once."""
    if isinstance(column, list):
        return pa.array(json_text(column), pa.string())
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    try:
        coded = column.dictionary_encode()
    except pa.ArrowNotImplementedError:
        return pa.array(json_text(column.to_pylist()), pa.string())
    return pa.array(json_text(coded.dictionary.to_pylist()), pa.string()).take(coded.indices)


def json_text(values: Iterable[object]) -> list[str | None]:
    """Each value as JSON text, None where missing."""
    cache: dict[tuple[type, object], str | None] = {(_NONE, None): None}
    texts: list[str | None] = []
    for value in values:
        try:
            key = (type(value), value)
            if key not in cache or key == _ZERO:  # 0.0 and -0.0 are one key
                cache[key] = as_json(value)
            texts.append(cache[key])
        except TypeError:  # a list or an object is no key
            texts.append(as_json(value))
    return texts


def label_of_json(text: str | None) -> str | None:
    """The class that a JSON text names."""
    if text is None:
        return None
    value = read_json(text)
    return (name_of(value) if isinstance(value, float) else None) or label(value)
