"""What finds changes in clean numbers: the part of a streaming detector that differs."""

from collections.abc import Mapping
from typing import Protocol

from monitor.core.windows import Numbers


class Core(Protocol):
    """Finds changes in finite numbers, and can be put away as JSON."""

    def feed(self, values: Numbers) -> list[int]:
        """Learn values, shape (n,), in order; at which of them it alarmed, ascending."""

    def to_state(self) -> dict[str, object]:
        """All that `from_state` needs."""

    def from_state(self, state: Mapping[str, object]) -> None:
        """Be as `to_state` said. Raises ValueError, KeyError or TypeError if it cannot be read."""
