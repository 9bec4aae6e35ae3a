"""Trials: a version beside its rival on actuals that came after both had learned. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from trainer.production.comparison import Gain

LOOKS = (50, 100, 200, 400, 800)
"""How many labelled rows there must be for each look: few looks, each at twice the rows."""
_SHADOW_FROM = 100
_SURE, _SURE_AT_LAST = 0.99, 0.95
"""Chance that the rival is better from which on a version goes; more before the last look."""
_BETTER, _HOPELESS = 0.95, 0.05


class Kind(StrEnum):
    """What a trial is for.

    `shadow`: the gate was not sure; the version answers nobody. `canary`: it passed, and answers a
    share of the rows. `probation`: it answers, and its predecessor stands by.
    """

    SHADOW = "shadow"
    CANARY = "canary"
    PROBATION = "probation"


class Ending(StrEnum):
    """How a trial ended."""

    PASSED = "passed"
    FAILED = "failed"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Look:
    """One comparison: how many rows, the mean gain of the version, and its chance of one."""

    rows: int
    gain: float
    probability: float
    probability_not_worse: float
    looked_at: datetime


@dataclass(frozen=True, slots=True)
class Trial:
    """One version on trial against a rival.

    Rows of event times after `since` (microseconds) count. `generation` is that of the champion
    when it began: where that has changed since, somebody else decided. `asked` tells a promotion by
    a person from one of the trainer.
    """

    id: str
    model: str
    kind: Kind
    version: str
    rival: str
    run: str
    since: int
    generation: int
    began_at: datetime
    share: float = 0.0
    asked: bool = False
    looks: Sequence[Look] = ()
    ending: Ending | None = None
    reason: str = ""
    ended_at: datetime | None = None

    @property
    def next_look(self) -> int:
        """How many labelled rows the next look needs."""
        least = self.looks[-1].rows if self.looks else 0
        least = max(least, _SHADOW_FROM - 1 if self.kind is Kind.SHADOW else 0)
        return next((rows for rows in LOOKS if rows > least), LOOKS[-1])

    def looked(self, found: Gain, now: datetime) -> "Trial":
        """The trial after a look at so many rows, over or not."""
        look = Look(found.rows, found.mean, found.probability, found.not_worse, now)
        looks = [*self.looks, look]
        ending, reason = judge(self.kind, found)
        if ending is None:
            return replace(self, looks=looks)
        return replace(self, looks=looks, ending=ending, reason=reason, ended_at=now)

    def over(self, ending: Ending, reason: str, now: datetime) -> "Trial":
        """The trial with an end that no look brought."""
        return replace(self, ending=ending, reason=reason, ended_at=now)


def judge(kind: Kind, found: Gain) -> tuple[Ending | None, str]:
    """What a look decides, and why; None while it is open.

    A shadow that is not decided when 800 actuals have come is by the mean. A canary or a champion
    on probation stays unless the rival is better, with probability .99, .95 at the last look.

    >>> judge(Kind.SHADOW, Gain(0.1, 1.0, 1.0, low=0.1, high=0.1, rows=100, block=9))[0].value
    'passed'
    """
    last = found.rows >= LOOKS[-1]
    told = (
        f"on {found.rows} rows whose actuals came later: mean gain {found.mean:+.4f}, better with "
        f"probability {found.probability:.2f}"
    )
    if kind is Kind.SHADOW:
        if found.probability >= _BETTER or (last and found.mean > 0):
            return Ending.PASSED, f"better {told}"
        if found.not_worse < _HOPELESS or last:
            return Ending.FAILED, f"not better {told}"
        return None, ""
    if 1 - found.probability >= (_SURE_AT_LAST if last else _SURE):
        return Ending.FAILED, f"worse {told}"
    return (Ending.PASSED, f"not worse {told}") if last else (None, "")
