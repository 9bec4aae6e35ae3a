"""How many answers there are."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from monitor.core.detector import ProfileDetector
from monitor.core.findings import Measurement
from monitor.core.profile import Profiles
from monitor.core.spec import ModelSpec
from monitor.core.windows import Window


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
