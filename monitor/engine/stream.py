"""Newly labelled rows through the streaming detectors, and what they found."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise
from math import isfinite

import numpy as np

from monitor.core.detector import Alarm, Expect, StreamDetector
from monitor.core.findings import Finding, Measurement, Severity
from monitor.core.ports import LabelledStream
from monitor.core.rows import moment
from monitor.core.spec import ModelSpec
from monitor.core.windows import Numbers, Sample, Window
from monitor.engine.feeds import LOSS, Feed, Feeds, Reference
from monitor.engine.thresholds import Place, severity
from monitor.engine.wording import message

CONCEPT = "drift.concept"
KEPT_VERSIONS = 20
"""Versions whose states are kept; past that, those without new rows are dropped."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Streams:
    """The streaming detectors by method, and what tells which losses were to be expected."""

    kinds: Mapping[str, type[StreamDetector]] = field(default_factory=dict)
    expect: Expect | None = None

    def chosen(self, spec: ModelSpec) -> Mapping[str, type[StreamDetector]]:
        """The one that the spec names, if it is there."""
        method = str(spec.concept.method)
        return {method: self.kinds[method]} if method in self.kinds else {}


@dataclass(frozen=True, slots=True)
class Streamed:
    """What came of a batch: the states to remember, findings, and newly labelled rows by window."""

    states: Mapping[str, bytes] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    grown: Mapping[tuple[Window, str], int] = field(default_factory=dict)


def stream(
    model: str,
    spec: ModelSpec,
    labelled: LabelledStream,
    states: Mapping[str, bytes],
    streams: Streams,
    earlier: Mapping[tuple[Window, str, str], Finding],
    reference: Reference,
) -> Streamed:
    """Fold a batch in: one finding a window, version and method, an alert where an alarm fell.

    A window that has alarmed stays an alert: `earlier` holds the stored findings by window, version
    and method, and one of them that alerts is only replaced by a new alarm. A state that cannot
    be loaded, or was left under other settings, starts afresh. What detectors see of losses says
    `feeds.py`.
    """
    kept = _kept(states, labelled.rows)
    findings: list[Finding] = []
    grown: dict[tuple[Window, str], int] = {}
    for version, sample in labelled.rows.items():
        runs = list(_runs(sample, spec.window.every))
        new: dict[Window, int] = {}
        for window, part in runs:
            new[window] = new.get(window, 0) + part.stop - part.start
        grown |= {(window, version): rows for window, rows in new.items()}
        feeds = Feeds(spec, version, sample, kept, reference, streams.expect)
        used = []
        for method, kind in streams.chosen(spec).items():
            feed = feeds.feed(kind)
            detector = _loaded(kind, feed, kept.get(feed.key))
            for window, seen in _fold(detector, feed.values, runs, sample).items():
                before = earlier.get((window, version, method))
                if before is not None and before.alert and seen.alarm is None:
                    continue
                place = Place(model, version, window, new[window] + (before.rows if before else 0))
                findings += _findings(spec, place, method, seen, sample, feed.of)
            kept[feed.key] = detector.dump()
            used.append(feed.key)
        for left in feeds.states():
            if left not in used:
                del kept[left]
    findings.sort(key=lambda f: (f.window, f.version))
    return Streamed(kept, findings, grown)


def _kept(states: Mapping[str, bytes], touched: Mapping[str, Sample]) -> dict[str, bytes]:
    versions = {key.partition(":")[2] for key in states}
    if len(versions) <= KEPT_VERSIONS:
        return dict(states)
    return {key: state for key, state in states.items() if key.partition(":")[2] in touched}


def _loaded(kind: type[StreamDetector], feed: Feed, state: bytes | None) -> StreamDetector:
    if state is not None:
        try:
            return kind.load(state)
        except ValueError as problem:
            _log.warning("%s starts afresh: its state cannot be loaded: %s", kind.method, problem)
    return kind.begun(feed.beginning)


def _runs(sample: Sample, every: timedelta) -> Iterator[tuple[Window, slice]]:
    """The windows of the rows, as spans of neighbouring rows in one window."""
    if not sample.rows:
        return
    width = every // timedelta(microseconds=1)
    place = np.asarray(sample.timestamps, np.int64) // width
    cuts = [0, *(np.flatnonzero(np.diff(place)) + 1).tolist(), sample.rows]
    for start, stop in pairwise(cuts):
        yield Window.holding(moment(int(sample.timestamps[start])), every), slice(start, stop)


@dataclass(frozen=True, slots=True)
class _Seen:
    """The level of a stream before and after a window, and the last alarm in it."""

    before: float
    after: float
    alarm: Alarm | None


def _fold(
    detector: StreamDetector,
    values: Numbers,
    runs: Sequence[tuple[Window, slice]],
    sample: Sample,
) -> Mapping[Window, _Seen]:
    seen: dict[Window, _Seen] = {}
    seconds = np.asarray(sample.timestamps, np.float64) / 1e6
    for window, part in runs:
        before = detector.mean
        alarms = detector.update_timed(values[part], seconds[part])
        alarms = [a for a in alarms if a.after > a.before]  # a loss that fell is no trouble
        last = alarms[-1] if alarms else None
        alarm = Alarm(part.start + last.index, last.before, last.after) if last else None
        known = seen.get(window)
        seen[window] = _Seen(
            known.before if known else before,
            detector.mean,
            alarm or (known.alarm if known else None),
        )
    return seen


def _measured(method: str, seen: _Seen, sample: Sample) -> Measurement | None:
    """None where the detector has seen no value yet."""
    if seen.alarm is not None:
        before, after = seen.alarm.before, seen.alarm.after
        changed_at = moment(int(sample.timestamps[seen.alarm.index])).isoformat()
        evidence = {"changed_at": changed_at, "before": before, "after": after}
        return Measurement(method, after, expected=before, evidence=evidence)
    if not isfinite(seen.after):
        return None
    expected = seen.before if isfinite(seen.before) else None
    evidence = {"changed_at": None, "before": expected, "after": seen.after}
    return Measurement(method, seen.after, expected=expected, evidence=evidence)


def _findings(
    spec: ModelSpec, place: Place, method: str, seen: _Seen, sample: Sample, of: str
) -> list[Finding]:
    measured, alert = _measured(method, seen, sample), seen.alarm is not None
    if measured is None:
        return []
    if of != LOSS:
        measured = replace(measured, evidence={**measured.evidence, "of": of})
    return [
        Finding(
            model=place.model,
            version=place.version,
            window=place.window,
            rows=place.rows,
            detector=CONCEPT,
            measured=measured,
            threshold=None,
            level=None,
            alert=alert,
            severity=severity(CONCEPT, measured, None) if alert else Severity.INFO,
            message=message(spec, CONCEPT, measured, None, alert),
        )
    ]
