"""Which column of a file is which part of a row: those of the contract by name, others as asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import click

from monitor.core.errors import nearest
from monitor.core.rows import PARTS, Kind

PREFIX = "features."
_ALL = PARTS[Kind.REFERENCE]


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of a file are.

    `mapped` names the column of a part where that is not the part's own name. `features` names the
    columns that are features; without it those are `features` and `features.NAME`, and where there
    are none, all that are no part.
    """

    kind: Kind
    mapped: Mapping[str, str] = field(default_factory=dict)
    features: Sequence[str] = ()

    @property
    def id(self) -> str:
        """The column that holds the prediction id, where there is one."""
        return self.mapped.get("prediction_id", "prediction_id")

    @property
    def is_plain(self) -> bool:
        """Whether nothing was asked for: rows may be as the contract has them."""
        return not self.mapped and not self.features

    def named(self, columns: Sequence[str]) -> list[str | None]:
        """What each column is called on the wire; None for one that is left out.

        >>> Columns(Kind.PREDICTIONS, {"score": "p"}).named(["prediction_id", "p", "age"])
        ['prediction_id', 'score', 'features.age']
        """
        packed = any(name == "features" or name.startswith(PREFIX) for name in columns)
        return [self._named(name, packed) for name in columns]

    def _named(self, name: str, packed: bool) -> str | None:
        for part, column in self.mapped.items():
            if name == column:
                return part if part in PARTS[self.kind] else None
        if name in _ALL:
            return name if name in PARTS[self.kind] and name not in self.mapped else None
        if self.kind is Kind.ACTUALS:
            return None
        if name in self.features:
            return PREFIX + name
        if name == "features" or name.startswith(PREFIX):
            return name
        return None if packed or self.features else PREFIX + name

    def check(self, columns: Sequence[str], file: str) -> None:
        """Raises UsageError if a column that was asked for is not there."""
        for name in (*self.mapped.values(), *self.features):
            if name not in columns:
                hint = nearest(name, columns)
                raise click.UsageError(f"{file} has no column {name!r}; {hint}".rstrip("; "))


def mapping(given: Sequence[str]) -> dict[str, str]:
    """`PART=COLUMN` texts as a table. Raises UsageError.

    >>> mapping(["score=p"])
    {'score': 'p'}
    """
    table = {}
    for text in given:
        part, _, column = text.partition("=")
        if part not in _ALL or not column:
            hint = nearest(part, _ALL)
            known = ", ".join(_ALL)
            raise click.UsageError(f"--map {text!r}: write PART=COLUMN; {hint}parts: {known}")
        table[part] = column
    return table
