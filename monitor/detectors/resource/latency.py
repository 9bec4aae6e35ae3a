"""How long answers take."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from monitor.core.detector import ProfileDetector
from monitor.core.findings import Measurement
from monitor.core.profile import Profile, Profiles
from monitor.core.spec import FeatureType, ModelSpec
from monitor.core.windows import Window
from monitor.detectors.shares import excess

_QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_FEWEST = {"p50": 1, "p95": 20, "p99": 100}
_NONE = Profile(FeatureType.NUMBER)


@dataclass(frozen=True, slots=True)
class Latency(ProfileDetector):
    """Median, 95th and 99th percentile of the latency, in milliseconds.

    Value    0 and up, to within its bin (7.5 %); worse above.
    Needs    one row with a latency; for p95 and p99 20 and 100, so that a row may lie above.
    Noise    the p-value is `excess` of the share of rows above the reference's quantile. Without
             latencies in the reference it is 1.
    Source   definition.
    """

    name: ClassVar[str] = "resource.latency"

    def measure(
        self, spec: ModelSpec, window: Window, reference: Profiles, current: Profiles
    ) -> Iterable[Measurement]:
        """One measurement for each quantile."""
        now, before = current.latency or _NONE, reference.latency or _NONE
        for method, place in _QUANTILES.items():
            value = now.quantile(place)
            if now.finite < _FEWEST[method] or not np.isfinite(value):
                continue
            expected = before.quantile(place)
            known = bool(np.isfinite(expected))
            yield Measurement(
                method,
                value,
                expected=expected if known else None,
                p_value=_slower(before, now, expected) if known else 1.0,
            )


def _slower(before: Profile, now: Profile, limit: float) -> float:
    """Chance of so many rows above a limit, which is rounded up to the edge of a bin."""
    if before.bins is None or now.bins is None or len(before.counts) != len(now.counts):
        return 1.0
    first = int(np.searchsorted(before.bins.edges, limit, side="left")) + 1
    hits, known = int(now.counts[first:].sum()), int(before.counts[first:].sum())
    return excess(hits, int(now.counts.sum()), known, int(before.counts.sum()))
