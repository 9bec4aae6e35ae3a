"""How many answers there are."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from monitor.core.detector import ProfileDetector, UsageDetector
from monitor.core.findings import Measurement
from monitor.core.profile import Profiles
from monitor.core.resources import Usage
from monitor.core.spec import ModelSpec
from monitor.core.windows import Window
from monitor.detectors.shares import wilson


@dataclass(frozen=True, slots=True)
class Throughput(ProfileDetector):
    """Predictions a second.

        value = rows / length of the window in seconds

    Value    rows a second, above 0; nothing is expected of it, so nothing is unlikely: p-value 1.
    Needs    one row.
    Noise    rows that come independently vary by sqrt(rows) / length.
    Source   definition.
    """

    name: ClassVar[str] = "resource.throughput"

    def measure(
        self, spec: ModelSpec, window: Window, reference: Profiles, current: Profiles
    ) -> Iterable[Measurement]:
        """One measurement of a window with rows."""
        length = (window.end - window.start).total_seconds()
        if current.rows and length > 0:
            yield Measurement("rows_per_second", current.rows / length, p_value=1.0)


@dataclass(frozen=True, slots=True)
class ErrorShare(UsageDetector):
    """Share of requests that failed, as the serving side reports it.

        value = errors / requests

    Value    share, 0 to 1, with Wilson's interval; worse above. Only a bound of the spec
             (`error_share`) makes an alert.
    Needs    one request.
    Noise    a share s varies by sqrt(s * (1 - s) / requests).
    Source   definition.
    """

    name: ClassVar[str] = "resource.throughput"

    def measure(self, spec: ModelSpec, usage: Usage) -> Iterable[Measurement]:
        """At most one measurement."""
        told = [s for s in usage.samples if s.requests is not None and s.errors is not None]
        requests = sum(s.requests or 0.0 for s in told)
        errors = min(requests, sum(s.errors or 0.0 for s in told))
        if requests > 0:
            value = errors / requests
            low, high = wilson(value, requests)
            evidence = {"requests": requests, "errors": errors}
            yield Measurement("error_share", value, low=low, high=high, evidence=evidence)
