"""The level of a stream: of all its values since an alarm, and of its latest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import nan

import numpy as np

from monitor.core.windows import Numbers

_RECENT = 50
"""Values that say what the level is now."""


@dataclass(slots=True)
class Levels:
    """Sum and count since the last alarm, and the last 50 values."""

    count: int = 0
    total: float = 0.0
    recent: list[float] = field(default_factory=list)

    def learn(self, values: Numbers) -> None:
        """Take values, shape (n,), in order; the same floats however they are cut."""
        if not len(values):
            return
        self.total = float(np.cumsum(np.concatenate([[self.total], values]))[-1])
        self.count += len(values)
        self.recent = [*self.recent, *values[-_RECENT:].tolist()][-_RECENT:]

    def alarm(self) -> tuple[float, float]:
        """Means of the older and the latest values since the alarm before; begins anew."""
        latest = self.recent[-max(1, self.count // 2) :]
        older = self.count - len(latest)
        after = sum(latest) / len(latest)
        before = (self.total - sum(latest)) / older if older else latest[0]
        self.count, self.total = 0, 0.0
        return before, after

    @property
    def mean(self) -> float:
        """Mean since the last alarm, or of the last 50 values if they reach farther back."""
        if not self.recent:
            return nan
        if self.count < len(self.recent):
            return sum(self.recent) / len(self.recent)
        return self.total / self.count

    def to_state(self) -> dict[str, object]:
        """As JSON can hold it."""
        return {"count": self.count, "total": self.total, "recent": list(self.recent)}

    @classmethod
    def from_state(cls, state: Mapping[str, object]) -> "Levels":
        """What `to_state` said. Raises KeyError, TypeError or ValueError."""
        recent = state["recent"]
        if not isinstance(recent, list):
            raise TypeError("the latest values are a list")
        latest = [float(v) for v in recent]
        return cls(int(str(state["count"])), float(str(state["total"])), latest)
