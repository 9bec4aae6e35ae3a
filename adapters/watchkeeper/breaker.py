"""Decides when the server may be asked again after it failed."""

import random


class Breaker:
    """Waits longer after each failure, with jitter, and opens after `patience` failures in a row.

        delay = min(cap, base * 2 ** (failures - 1)) * u,   u uniform in [0.5, 1]

    so that many clients of one server do not come back at the same instant. Times are seconds of
    any steady clock. `Retry-After` is kept even where it is longer.

    A refusal opens it at once, and the waits then grow from `refused_base` to `refused_cap`: what
    it takes to be let in is a person, and that takes longer than a server to come back.

    Source   M. Brooker, Exponential Backoff and Jitter (2015), "equal jitter".
    """

    def __init__(
        self,
        base: float = 0.25,
        cap: float = 30.0,
        patience: int = 3,
        refused_base: float = 5.0,
        refused_cap: float = 300.0,
    ) -> None:
        self._base = base
        self._cap = cap
        self._patience = patience
        self._refused_base = refused_base
        self._refused_cap = refused_cap
        # Its own generator: a program that seeds `random` must not align its clients.
        self._random = random.Random()
        self._failures = 0
        self._refusals = 0
        self._again_at = 0.0
        self._not_before = 0.0

    @property
    def is_open(self) -> bool:
        """The server counts as away."""
        return self._refusals > 0 or self._failures >= self._patience

    def wait(self, now: float) -> float:
        """Seconds until the next attempt may be made; 0 if it may be made now."""
        return max(0.0, self._again_at - now)

    def failed(self, now: float, retry_after: float | None = None) -> None:
        """An attempt failed; the server may have said when to come back."""
        self._failures += 1
        self._wait(now, retry_after, min(self._cap, _doubled(self._base, self._failures)))

    def refused(self, now: float, retry_after: float | None = None) -> int:
        """The server refused to take anything; how often in a row it has.

        >>> breaker = Breaker(refused_base=5.0)
        >>> breaker.refused(now=0.0), breaker.is_open, 2.5 <= breaker.wait(now=0.0) <= 5.0
        (1, True, True)
        """
        self._refusals += 1
        self._wait(
            now, retry_after, min(self._refused_cap, _doubled(self._refused_base, self._refusals))
        )
        return self._refusals

    def _wait(self, now: float, retry_after: float | None, longest: float) -> None:
        self._not_before = now + (retry_after or 0.0)
        self._again_at = max(self._not_before, now + longest * self._random.uniform(0.5, 1))

    def hurry(self) -> None:
        """Someone waits for the result: skip our own delay, but not the server's."""
        self._again_at = self._not_before

    def succeeded(self) -> None:
        """The server answered: start anew.

        >>> breaker = Breaker(base=1.0, patience=1)
        >>> breaker.failed(now=100.0, retry_after=7)
        >>> breaker.is_open, breaker.wait(now=100.0)
        (True, 7.0)
        >>> breaker.succeeded()
        >>> breaker.is_open, breaker.wait(now=100.0)
        (False, 0.0)
        """
        self._failures = self._refusals = 0
        self._again_at = self._not_before = 0.0


def _doubled(base: float, times: int) -> float:
    return base * 2.0 ** min(times - 1, 30)
