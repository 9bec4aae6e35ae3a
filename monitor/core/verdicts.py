"""What is said of a single row that is stored nowhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from monitor.core.spec import ModelSpec
from monitor.core.windows import Sample


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one value, and which detector would say so of a window."""

    feature: str
    detector: str
    message: str
    suggestion: str | None = None


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """How unlike the reference a row is.

    `score` is 0 and up, about 1 where rows begin to be unusual. `p_value` is the share of held-out
    reference rows that are at least as unlike. `features` make the row so, worst first.
    """

    score: float
    p_value: float
    features: Sequence[str]
    problems: Sequence[Problem] = ()


Misfits = Mapping[str, Mapping[int, object]]
"""Raw values that did not fit their type, by feature and row."""


class RowJudge(Protocol):
    """Judges rows one by one, as they come."""

    def __call__(
        self, spec: ModelSpec, reference: Sample, current: Sample, misfits: Misfits
    ) -> Sequence[RowVerdict]:
        """One verdict a row. Raises ValueError where the reference is too small to judge by."""
