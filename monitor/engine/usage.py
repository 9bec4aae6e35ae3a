"""What serving takes, judged window by window as samples come."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

from monitor.core.detector import UsageDetector
from monitor.core.findings import Finding, Measurement
from monitor.core.resources import ResourceLog, ResourceSample, Usage
from monitor.core.spec import ModelSpec
from monitor.core.windows import Window
from monitor.engine.check import Watch
from monitor.engine.ports import Ports
from monitor.engine.thresholds import Place, judge

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UsageCheck:
    """Lets the detectors of usage measure, and judges; bounds of the spec alone make alerts."""

    ports: Ports
    resources: ResourceLog
    detectors: Sequence[UsageDetector]
    watch: Watch

    def due(self, model: str, spec: ModelSpec, *, over: bool = True) -> Window | None:
        """The windows with samples that were not judged so far, as one span.

        With `over` only those whose time has passed.
        """
        new = self.resources.unjudged(model)
        if new is None:
            return None
        every = spec.window.every
        first = Window.holding(new.start, every).start
        last = Window.holding(new.end, every).end
        if over:
            last = min(last, Window.holding(self.ports.clock(), every).start)
        return Window(first, last) if first < last else None

    def check(self, model: str, spec: ModelSpec, span: Window) -> list[Finding]:
        """Findings of every window of the span that has samples."""
        every = spec.window.every
        rows = {
            (window, version): profiles.rows
            for window, version, profiles in self.ports.profiles.profiles(model, span, every)
        }
        grouped: dict[tuple[Window, str], list[ResourceSample]] = {}
        for sample in self.resources.find(model, span):
            window = Window.holding(sample.timestamp, every)
            version = sample.version or _only([v for w, v in rows if w == window])
            grouped.setdefault((window, version), []).append(sample)
        found: list[Finding] = []
        for (window, version), samples in sorted(grouped.items(), key=lambda item: item[0]):
            usage = Usage(window, version, samples, rows.get((window, version), 0))
            found += self._judged(model, spec, usage)
        return found

    def _judged(self, model: str, spec: ModelSpec, usage: Usage) -> Iterator[Finding]:
        place = Place(model, usage.version, usage.window, usage.predictions)
        for detector in self.detectors:
            for measured in self._measured(detector, spec, usage):
                yield judge(spec, place, detector.name, measured, level=0.0)

    def _measured(
        self, detector: UsageDetector, spec: ModelSpec, usage: Usage
    ) -> list[Measurement]:
        began, failed, found = perf_counter(), False, list[Measurement]()
        try:
            found = list(detector.measure(spec, usage))
        except Exception:
            failed = True
            _log.exception("detector %s failed; its verdict is missing", detector.name)
        self.watch(detector.name, perf_counter() - began, failed=failed)
        return found


def _only(versions: Sequence[str]) -> str:
    """The version of samples that name none: that of the window if it has one alone."""
    return versions[0] if len(versions) == 1 else ""
