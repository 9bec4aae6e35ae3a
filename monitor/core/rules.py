"""Rules that every row has to keep, written as conditions of SQL: read here, and made anew as SQL.

    condition   = condition OR condition | condition AND condition | NOT condition
                | value (= | <> | < | <= | > | >=) value | value IS [NOT] NULL
                | value [NOT] IN (literal, ...) | value [NOT] BETWEEN value AND value
                | text [NOT] LIKE 'pattern' | (condition)
    value       = literal | name | "name" | function(value, ...) | -value | value (+|-|*|/|%) value

Nothing of the user's text becomes SQL: names stand for numbered columns, literals are written
anew, and only the functions of a table can be called. So a rule reads no file and no setting.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from monitor.core.errors import SpecError
from monitor.core.spec import FeatureType
from monitor.core.windows import Broken, Window

LONGEST, DEEPEST = 2_000, 50
"""Characters of a rule, and conditions inside each other."""
PARTS = {"score": "number", "latency_ms": "number", "timestamp": "time", "version": "text"}
"""What a rule may name of a row beside its features, unless a feature has the name."""
KINDS: Mapping[FeatureType, str] = {
    FeatureType.NUMBER: "number",
    FeatureType.CATEGORY: "text",
    FeatureType.TEXT: "text",
    FeatureType.BOOLEAN: "truth",
    FeatureType.TIMESTAMP: "time",
    FeatureType.EMBEDDING: "list",
}
ANY = "any"
"""The kind of what nobody has declared yet."""


@dataclass(frozen=True, slots=True)
class Name:
    """A feature, or a part of the row."""

    name: str


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a rule: its kind (number, text, truth, time, list, any), and what it is made of."""

    kind: str
    made: tuple[str | Name, ...]

    def names(self) -> list[str]:
        """What it names, each once, in order."""
        return list(dict.fromkeys(part.name for part in self.made if isinstance(part, Name)))

    def sql(self, columns: Mapping[str, str]) -> str:
        """The SQL, with an expression for each name. Raises KeyError for a name without one."""
        return "".join(columns[p.name] if isinstance(p, Name) else p for p in self.made)


def joined(kind: str, *parts: "Term | str") -> Term:
    """A term of others and of our own words between them, in brackets."""
    made: list[str | Name] = ["("]
    for part in parts:
        made += [part] if isinstance(part, str) else part.made
    return Term(kind, (*made, ")"))


class RuleLog(Protocol):
    """Which rows break the rules of a model's spec."""

    def broken(self, model: str, version: str, window: Window) -> Mapping[str, Broken]:
        """Each rule that can be judged, with the rows of a window that break it."""

    def broken_before(self, model: str, version: str) -> Mapping[str, Broken]:
        """The same of the version's reference, else the model's."""


class RuleError(SpecError):
    """A rule that cannot be read, and where."""

    def __init__(self, text: str, place: int, why: str) -> None:
        near = text[place : place + 20] or "its end"
        super().__init__(f"{why}, at {near!r} (character {place + 1})")
