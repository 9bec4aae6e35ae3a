"""Why nothing is estimated."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """A sentence that says why, for whoever expected an estimate."""

    reason: str
