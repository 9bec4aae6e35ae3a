"""Plain documents as YAML: enough for rules and provisioning, and nothing more."""

import json
from collections.abc import Iterator, Mapping, Sequence

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-")
_WORDS = frozenset({"", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "~"})


def dump(document: object, remark: str = "") -> str:
    """The YAML of dicts, lists, texts, numbers and booleans; texts of several lines as blocks.

    >>> print(dump({"groups": [{"rules": [{"expr": "up == 0", "for": "1m"}]}]}), end="")
    groups:
      - rules:
          - expr: "up == 0"
            for: "1m"
    """
    head = [f"# {line}".rstrip() for line in remark.splitlines()]
    return "\n".join([*head, *_lines(document, "")]) + "\n"


def _lines(value: object, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for key, part in value.items():
            yield from _entry(f"{indent}{_text(str(key))}:", part, indent)
    elif isinstance(value, Sequence) and not isinstance(value, str) and value:
        for part in value:
            first, *rest = _lines(part, f"{indent}  ")
            yield f"{indent}- {first[len(indent) + 2 :]}"
            yield from rest
    else:
        yield f"{indent}{_scalar(value)}"


def _entry(key: str, part: object, indent: str) -> Iterator[str]:
    if isinstance(part, str) and "\n" in part:
        yield f"{key} |-"
        yield from (f"{indent}  {line}".rstrip() for line in part.split("\n"))
    elif isinstance(part, Mapping | list | tuple) and part:
        yield key
        yield from _lines(part, f"{indent}  ")
    else:
        yield f"{key} {_scalar(part)}"


def _scalar(value: object) -> str:
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list | tuple):
        return "[]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    """As it is where nothing could take it for anything else; in quotes elsewhere."""
    plain = set(text) <= _PLAIN and text[:1].isalpha() and text.lower() not in _WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)
