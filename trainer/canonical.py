"""Makes a skops file depend on the object alone, not on the addresses and the time of writing.

skops names the parts of an object by their address in memory, and a zip file dates its members.
Two equal models thus differ byte by byte. Here parts are numbered as they come, and undated.
"""

import io
import json
from itertools import count
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_SCHEMA = "schema.json"


def canonical(content: bytes) -> bytes:
    """The same skops file with numbers for addresses. skops reads it as it reads the original."""
    with ZipFile(io.BytesIO(content)) as given:
        schema = json.loads(given.read(_SCHEMA))
        numbers: dict[str, str] = {}
        fresh = count(1)
        _number(schema, numbers, fresh)
        members = {
            f"{numbers[stem]}.{end}": given.read(f"{stem}.{end}")
            for stem, _, end in (name.partition(".") for name in given.namelist())
            if stem in numbers
        }
    members[_SCHEMA] = json.dumps(schema, separators=(",", ":")).encode()
    written = io.BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED) as file:
        for name in sorted(members):
            file.writestr(ZipInfo(name), members[name], ZIP_DEFLATED)
    return written.getvalue()


def _number(node: Any, numbers: dict[str, str], fresh: "count[int]") -> None:
    """Replace addresses inside a node, in the order of the text."""
    if isinstance(node, list):
        for part in node:
            _number(part, numbers, fresh)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "__id__" and isinstance(value, int):
                node[key] = int(_name(str(value), numbers, fresh))
            elif key == "file" and isinstance(value, str):
                stem, dot, end = value.partition(".")
                node[key] = _name(stem, numbers, fresh) + dot + end
            else:
                _number(value, numbers, fresh)


def _name(address: str, numbers: dict[str, str], fresh: "count[int]") -> str:
    if address not in numbers:
        numbers[address] = str(next(fresh))
    return numbers[address]
