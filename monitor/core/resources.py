"""What serving a model takes: samples of memory, processor and cost, as somebody reports them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from monitor.core.windows import Window


@dataclass(frozen=True, slots=True)
class ResourceSample:
    """What one host took at a moment; None is not reported.

    `memory_bytes`, `cpu_cores` (cores in use), `gpu_memory_bytes` and `gpu_share` (0 to 1) hold at
    that moment. `cost` (money), `requests` and `errors` are sums since the host's sample before.
    One sample of a version, host and moment counts.
    """

    timestamp: datetime
    version: str = ""
    host: str = ""
    memory_bytes: float | None = None
    cpu_cores: float | None = None
    gpu_memory_bytes: float | None = None
    gpu_share: float | None = None
    cost: float | None = None
    requests: float | None = None
    errors: float | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """The samples of a version in a window, and the predictions that it made there."""

    window: Window
    version: str
    samples: Sequence[ResourceSample]
    predictions: int


class ResourceLog(Protocol):
    """The samples, and which windows have some that were not judged yet."""

    def add(self, model: str, samples: Sequence[ResourceSample]) -> int:
        """Keep samples; on disk when it returns. How many were not known before.

        Raises UnknownModelError.
        """

    def find(self, model: str, span: Window) -> Sequence[ResourceSample]:
        """The samples of a span, oldest first."""

    def extent(self, model: str) -> Window | None:
        """The span of event time that holds every sample; None without samples."""

    def unjudged(self, model: str) -> Window | None:
        """The span of all samples that were not judged so far; None if there are none."""

    def judged(self, model: str, span: Window) -> None:
        """The samples of a span were judged."""
