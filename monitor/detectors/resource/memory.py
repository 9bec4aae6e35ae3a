"""How much memory serving takes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from monitor.core.detector import UsageDetector
from monitor.core.findings import Measurement
from monitor.core.resources import Usage
from monitor.core.spec import ModelSpec


@dataclass(frozen=True, slots=True)
class Memory(UsageDetector):
    """The most memory that a host held, and of the graphics processor's where reported.

    Value    bytes; worse above. Only a bound of the spec (`memory_peak_bytes`) makes an alert.
    Needs    one sample.
    Noise    a peak between two samples is missed.
    Source   definition.
    """

    name: ClassVar[str] = "resource.memory"

    def measure(self, spec: ModelSpec, usage: Usage) -> Iterable[Measurement]:
        """One measurement of each kind of memory."""
        for method, part in (
            ("peak_bytes", "memory_bytes"),
            ("gpu_peak_bytes", "gpu_memory_bytes"),
        ):
            held = [(v, s.host) for s in usage.samples if (v := getattr(s, part)) is not None]
            if held:
                value, host = max(held)
                yield Measurement(method, value, evidence={"host": host, "samples": len(held)})
