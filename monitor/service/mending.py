"""Texts that JSON can write and nobody can keep: halves of surrogate pairs, mended when read."""

import re
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")


def mended(value: Any, content: bytes) -> Any:
    r"""The value that was read from `content`, with U+FFFD for each half of a surrogate pair.

    >>> mended(["\ud800!"], rb'["\ud800!"]') == ["\ufffd!"]
    True
    """
    return _mended(value) if b"\\ud" in content.lower() else value


def _mended(value: Any) -> Any:
    match value:
        case str():
            return _SURROGATE.sub("\ufffd", value)
        case list():
            return [_mended(v) for v in value]
        case dict():
            return {_mended(k): _mended(v) for k, v in value.items()}
    return value
