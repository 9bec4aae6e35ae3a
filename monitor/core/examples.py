"""The port to rows that show a fault or a change."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from monitor.core.windows import Window


class Examples(Protocol):
    """Rows that show what is wrong with a feature in a window, oldest first."""

    def with_values(
        self,
        model: str,
        version: str,
        window: Window,
        feature: str,
        *,
        values: Sequence[str],
        limit: int,
    ) -> Mapping[str, Sequence[str]]:
        """At most `limit` ids of rows for each category value that has any."""

    def misfits(
        self, model: str, version: str, window: Window, feature: str, *, limit: int
    ) -> Sequence[tuple[str, object]]:
        """Ids and raw values of rows whose value did not fit the type."""

    def outside(
        self,
        model: str,
        version: str,
        window: Window,
        feature: str,
        *,
        low: float | None,
        high: float | None,
        limit: int,
    ) -> Sequence[tuple[str, float]]:
        """Ids and values of rows below `low` or above `high`; None is no bound."""

    def inside(
        self,
        model: str,
        version: str,
        window: Window,
        feature: str,
        *,
        low: float,
        high: float,
        limit: int,
    ) -> Sequence[tuple[str, float]]:
        """Ids and values of rows from `low` to `high`, both included."""
