"""The words, signs and literals of a rule."""

import re
from dataclasses import dataclass

from monitor.core.rules import LONGEST, RuleError

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)(?![\w.])"
    r"|(?P<text>'(?:[^']|'')*')|(?P<quoted>\"(?:[^\"]|\"\")+\")"
    r"|(?P<word>[^\W\d]\w*)|(?P<sign><=|>=|<>|!=|==|[=<>+\-*/%(),]))"
)


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is number, text, quoted, word, sign or end; `place` counts characters from 0."""

    kind: str
    text: str
    place: int

    @property
    def word(self) -> str:
        """The word in upper case; empty where it is none."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def value(self) -> str:
        """What a quoted text or name stands for."""
        quote = self.text[:1]
        return self.text[1:-1].replace(2 * quote, quote) if quote in "'\"" else self.text


def tokens(text: str) -> list[Token]:
    """The tokens of a rule, the last one its end. Raises RuleError.

    >>> [t.text for t in tokens("age >= 18 OR \\"my city\\" = 'Rome'")]
    ['age', '>=', '18', 'OR', '"my city"', '=', "'Rome'", '']
    """
    if len(text) > LONGEST:
        raise RuleError(text, LONGEST, f"a rule has at most {LONGEST:,} characters")
    found: list[Token] = []
    place = 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            place += len(text[place:]) - len(text[place:].lstrip())
            raise RuleError(text, place, "no such word or sign")
        kind = match.lastgroup
        if not match[kind].isprintable():
            raise RuleError(text, match.start(kind), "a rule has printable characters only")
        found.append(Token(kind, match[kind], match.start(kind)))
        place = match.end()
    return [*found, Token("end", "", len(text))]
