"""What predictions cost."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from monitor.core.detector import UsageDetector
from monitor.core.findings import Measurement
from monitor.core.resources import Usage
from monitor.core.spec import ModelSpec


@dataclass(frozen=True, slots=True)
class Cost(UsageDetector):
    """Money per 1,000 predictions.

        value = 1000 * sum of reported costs / predictions

    Value    money, 0 and up; worse above. Only a bound of the spec (`cost_per_1000`) makes an
             alert.
    Needs    one sample with a cost and one prediction, else one sample with requests.
    Noise    costs of a sample may belong to predictions of the window before.
    Source   definition.
    """

    name: ClassVar[str] = "resource.cost"

    def measure(self, spec: ModelSpec, usage: Usage) -> Iterable[Measurement]:
        """At most one measurement."""
        costs = [s.cost for s in usage.samples if s.cost is not None]
        requests = sum([s.requests or 0.0 for s in usage.samples])
        asked = float(usage.predictions) or requests
        if costs and asked:
            total = sum(costs)
            evidence = {"cost": total, "predictions": asked}
            yield Measurement("per_1000", 1000 * total / asked, evidence=evidence)
