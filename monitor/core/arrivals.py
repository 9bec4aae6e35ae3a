"""How long actuals take, and how many of a window's are in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from monitor.core.windows import Numbers, Window


@dataclass(frozen=True, slots=True)
class Delays:
    """What is known of how long actuals take, in seconds between arrivals.

    `came` are the delays of actuals that are in, `waiting` the ages of predictions without one.
    """

    came: Numbers
    waiting: Numbers


@dataclass(frozen=True, slots=True)
class LabelCount:
    """The predictions of a version in a window, and how many of them have an actual.

    `ages` (seconds since they arrived, to the minute) and `rows_of_age` have shape (ages,).
    """

    window: Window
    version: str
    rows: int
    labelled: int
    ages: Numbers
    rows_of_age: Numbers


class ArrivalBook(Protocol):
    """When predictions and their first actuals arrived."""

    def delays(self, model: str, since: datetime, now: datetime) -> Delays:
        """Of about 20,000 predictions that arrived since a moment, the same ones each time."""

    def label_counts(
        self, model: str, span: Window, every: timedelta, now: datetime
    ) -> Sequence[LabelCount]:
        """Each window that starts in the span and has rows, by version, oldest first."""
