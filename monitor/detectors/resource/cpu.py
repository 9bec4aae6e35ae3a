"""How busy processors are with serving."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from monitor.core.detector import UsageDetector
from monitor.core.findings import Measurement
from monitor.core.resources import Usage
from monitor.core.spec import ModelSpec


@dataclass(frozen=True, slots=True)
class Cpu(UsageDetector):
    """Cores in use, and the share of the graphics processor where reported: means over hosts.

    Value    cores, or a share from 0 to 1; worse above. Only a bound of the spec
             (`cpu_mean_cores`, `cpu_gpu_mean_share`) makes an alert.
    Needs    one sample.
    Noise    deviation of the samples / sqrt(samples), if they do not depend on each other.
    Source   definition.
    """

    name: ClassVar[str] = "resource.cpu"

    def measure(self, spec: ModelSpec, usage: Usage) -> Iterable[Measurement]:
        """One measurement of each kind of processor."""
        for method, part in (("mean_cores", "cpu_cores"), ("gpu_mean_share", "gpu_share")):
            held = [v for s in usage.samples if (v := getattr(s, part)) is not None]
            if held:
                evidence = {"samples": len(held), "most": max(held)}
                yield Measurement(method, float(np.mean(held)), evidence=evidence)
