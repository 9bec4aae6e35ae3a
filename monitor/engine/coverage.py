"""Whether labels keep coming: windows judged again as they grow older, whatever comes."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import perf_counter

from monitor.core.arrivals import ArrivalBook
from monitor.core.detector import ArrivalDetector
from monitor.core.findings import Finding
from monitor.core.spec import ModelSpec
from monitor.core.windows import Window
from monitor.engine.check import Watch
from monitor.engine.ports import Ports
from monitor.engine.thresholds import ARRIVAL_SHARE, Place, judge, level

_OFTEN, _RARELY = timedelta(minutes=1), timedelta(hours=1)
"""A model is looked at four times a window, but no more and no less often than that."""
_WINDOWS = 500
"""The newest windows that are looked at."""
_LOOKS = 20
"""How often the verdict on a window may change as it grows older."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class CoverageCheck:
    """Lets the detectors of arrivals measure, and judges."""

    ports: Ports
    arrivals: ArrivalBook
    detectors: Sequence[ArrivalDetector]
    watch: Watch
    _seen: dict[str, datetime] = field(default_factory=dict)

    def due(self, model: str, spec: ModelSpec) -> list[Finding]:
        """Findings where the model was not looked at for a while."""
        now = self.ports.clock()
        pause = min(_RARELY, max(_OFTEN, spec.window.every / 4))
        if now - self._seen.get(model, now - 2 * pause) < pause:
            return []
        return self.check(model, spec)

    def check(self, model: str, spec: ModelSpec) -> list[Finding]:
        """Findings of the newest windows that are over."""
        now = self._seen[model] = self.ports.clock()
        extent = self.ports.profiles.extent(model) if self.detectors else None
        if extent is None:
            return []
        every, within = spec.window.every, spec.labels.expected_within
        end = min(Window.holding(extent.end, every).end, Window.holding(now, every).start)
        start = Window.holding(extent.start, every).start
        if end - start > _WINDOWS * every:
            start = end - _WINDOWS * every
        if start >= end:
            return []
        delays = self.arrivals.delays(model, now - max(4 * within, end - start), now)
        windows = self.arrivals.label_counts(model, Window(start, end), every, now)
        limit = level(spec, 1, _LOOKS, ARRIVAL_SHARE)
        found: list[Finding] = []
        for detector in self.detectors:
            began, failed = perf_counter(), False
            try:
                for count, measured in detector.measure(spec, delays, windows):
                    place = Place(model, count.version, count.window, count.rows)
                    found.append(judge(spec, place, detector.name, measured, limit))
            except Exception:
                failed = True
                _log.exception("detector %s failed; its verdict is missing", detector.name)
            self.watch(detector.name, perf_counter() - began, failed=failed)
        return found
