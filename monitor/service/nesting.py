"""How deep a JSON text is nested, found before a parser has to go there.

Parsers bound their depth by what is left of the stack, which differs from thread to thread: a body
could be read at the door and not be read again when it is folded. So the bound is ours.
"""

import re

from monitor.core.errors import BodyError

DEEPEST = 64
_SHORT = 4096
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BUT_MARKS = bytes(set(range(256)) - set(b'[]{}"\\'))
_AS_ARRAYS = bytes.maketrans(b"{}", b"[]")


def check_nesting(content: bytes) -> None:
    """Raises BodyError if the text is nested deeper than DEEPEST.

    Exact for JSON; what is no JSON is left to the parser.

    >>> check_nesting(b"[" * 65 + b"]" * 65)
    Traceback (most recent call last):
    monitor.core.errors.BodyError: the body is nested deeper than 64
    """
    if len(content) <= _SHORT and content.count(b"{") + content.count(b"[") <= DEEPEST:
        return
    marks = content.translate(_AS_ARRAYS, _BUT_MARKS).replace(b'""', b"")
    if b'"' in marks or b"\\" in marks:  # a string holds brackets or escapes: cut strings out
        marks = _STRING.sub(b"", content).translate(_AS_ARRAYS, _BUT_MARKS)
    for _ in range(DEEPEST):
        inner = marks.replace(b"[]", b"")
        if len(inner) == len(marks):
            return
        marks = inner
    if b"[]" in marks:
        raise BodyError(f"the body is nested deeper than {DEEPEST}")
