"""How many rows windows have, also those that have none, judged by the windows before."""

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from time import perf_counter

from monitor.core.detector import TrafficDetector
from monitor.core.findings import Finding, Measurement
from monitor.core.spec import ModelSpec
from monitor.core.windows import Traffic, Window
from monitor.engine.check import Watch
from monitor.engine.ports import Ports
from monitor.engine.thresholds import TRAFFIC_SHARE, Place, judge, level

LONGEST = timedelta(days=35)
MOST_WINDOWS = 2016
"""How far back is looked: five weeks, but no more windows than a week has of five minutes."""
EMPTY_JUDGED = 6
"""Windows without a row that are judged, from where traffic ends: after that all is said."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrafficCheck:
    """Lets the detectors of traffic measure, and judges."""

    ports: Ports
    detectors: Sequence[TrafficDetector]
    watch: Watch

    def check(self, model: str, spec: ModelSpec, windows: Collection[Window]) -> list[Finding]:
        """Windows that have rows, and the empty ones right before each; only those that are over.

        A window is over once a row came from after it; where rows come as they happen, also once
        its time has passed.
        """
        if not self.detectors or not windows:
            return []
        known = self._known(model, spec, min(windows), max(windows).end)
        extent = self.ports.profiles.extent(model)
        if not known or extent is None:
            return []
        asked = set(windows)
        asked |= {w for window in windows for w in _empty_before(window, known)}
        found: list[Finding] = []
        for window in sorted(asked):
            now = known.get(window)
            live = now is not None and is_live(now) and window.end <= self.ports.clock()
            if window.end < extent.end or live:
                found += self._judged(model, spec, window, known)
        return found

    def silence(self, model: str, spec: ModelSpec) -> list[Finding]:
        """The empty windows between the last row and now, where rows came as they happened."""
        extent = self.ports.profiles.extent(model) if self.detectors else None
        every, now = spec.window.every, self.ports.clock()
        if extent is None or now - extent.end < every:
            return []
        last = Window.holding(extent.end - timedelta(microseconds=1), every)
        known = self._known(model, spec, last, last.end)
        if last not in known or not is_live(known[last]):
            return []
        found: list[Finding] = []
        for window in _after(last, EMPTY_JUDGED):
            if window.end <= now:
                found += self._judged(model, spec, window, known)
        return found

    def _known(
        self, model: str, spec: ModelSpec, first: Window, end: datetime
    ) -> dict[Window, Traffic]:
        reach = min(LONGEST, MOST_WINDOWS * spec.window.every)
        start = _earlier(first.start, max(reach, spec.window.every * 60))
        traffic = self.ports.profiles.traffic(model, Window(start, end), spec.window.every)
        return {t.window: t for t in traffic}

    def _judged(
        self, model: str, spec: ModelSpec, window: Window, known: dict[Window, Traffic]
    ) -> Iterator[Finding]:
        history = _filled(window, known)
        if not history:
            return
        current = known.get(window) or Traffic(window, 0, version=history[-1].version)
        place = Place(model, current.version, window, current.rows)
        measured = [
            (detector, m)
            for detector in self.detectors
            for m in self._measured(detector, spec, history, current)
        ]
        limit = level(spec, len(measured), share=TRAFFIC_SHARE)
        for detector, m in measured:
            yield judge(spec, place, detector.name, m, limit)

    def _measured(
        self,
        detector: TrafficDetector,
        spec: ModelSpec,
        history: Sequence[Traffic],
        current: Traffic,
    ) -> list[Measurement]:
        began, failed, found = perf_counter(), False, list[Measurement]()
        try:
            found = list(detector.measure(spec, history, current))
        except Exception:
            failed = True
            _log.exception("detector %s failed; its verdict is missing", detector.name)
        self.watch(detector.name, perf_counter() - began, failed=failed)
        return found


def is_live(traffic: Traffic) -> bool:
    """Whether rows come about as they happen: so that none is a sign, and not just history.

    >>> hour = Window(datetime(2026, 1, 1, 0), datetime(2026, 1, 1, 1))
    >>> is_live(Traffic(hour, 5, lag=30.0)), is_live(Traffic(hour, 5, lag=86_400.0))
    (True, False)
    """
    length = traffic.window.end - traffic.window.start
    return isfinite(traffic.lag) and abs(traffic.lag) <= length.total_seconds()


def _filled(window: Window, known: dict[Window, Traffic]) -> list[Traffic]:
    """Every window before this one since the first with rows, oldest first."""
    earlier = [w for w in known if w < window]
    if not earlier:
        return []
    every = window.end - window.start
    place, version, made = min(earlier), "", list[Traffic]()
    while place < window and len(made) < MOST_WINDOWS:
        held = known.get(place)
        version = held.version if held else version
        made.append(held or Traffic(place, 0, version=version))
        place = Window(place.end, place.end + every)
    return made


def _empty_before(window: Window, known: dict[Window, Traffic]) -> list[Window]:
    """The first empty windows after the last one that has rows before this one."""
    before = max((w for w in known if w < window), default=None)
    return [] if before is None else [w for w in _after(before, EMPTY_JUDGED) if w < window]


def _after(window: Window, count: int) -> list[Window]:
    every = window.end - window.start
    return [Window(window.end + i * every, window.end + (i + 1) * every) for i in range(count)]


def _earlier(moment: datetime, span: timedelta) -> datetime:
    try:
        return moment - span
    except OverflowError:
        return datetime.min.replace(tzinfo=moment.tzinfo)
