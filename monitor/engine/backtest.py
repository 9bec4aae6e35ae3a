"""History judged again by another spec, with faults in it if asked for; nothing is stored.

Labels are taken as they are now: what came weeks late is there at once. Streaming detectors read
the rows of a window in order of event time.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from time import thread_time

from monitor.core.backtests import Question, Tally, Trial
from monitor.core.errors import QueryError, UnavailableError
from monitor.core.findings import Finding
from monitor.core.ports import LabelledStream
from monitor.core.profile import Profiles
from monitor.core.spec import FeatureSpec, ModelSpec
from monitor.core.windows import Window
from monitor.engine.check import Checker, Sources
from monitor.engine.faults import Spoiler, check_fault
from monitor.engine.outcomes import caught, opened
from monitor.engine.ports import Ports
from monitor.engine.round import FOLD_TIMEOUT
from monitor.engine.spans import aligned
from monitor.engine.spoilt import BoundReferences, SpoiltRows, rebounded
from monitor.engine.stream import CONCEPT, Streams, stream

MOST_WINDOWS = 10_000
"""Windows that one backtest judges by one spec."""
_WAIT_SECONDS = 5


@dataclass(slots=True)
class Judged:
    """What a pass over history has given: the alerts, and how much of the rest."""

    windows: list[Window] = field(default_factory=list)
    rows: int = 0
    alerts: list[Finding] = field(default_factory=list)
    tallies: dict[str, Tally] = field(default_factory=dict)

    def watch(self, detector: str, seconds: float, *, failed: bool) -> None:
        """A detector looked at a window."""
        held = self.tallies.get(detector, Tally())
        self.tallies[detector] = replace(
            held, seconds=held.seconds + seconds, failures=held.failures + failed
        )

    def add(self, found: Sequence[Finding]) -> None:
        """Findings of a window."""
        for finding in found:
            held = self.tallies.get(finding.detector, Tally())
            self.tallies[finding.detector] = replace(
                held, findings=held.findings + 1, alerts=held.alerts + finding.alert
            )
            if finding.alert:
                number = len(self.alerts) + 1
                self.alerts.append(replace(finding, number=number))


class Backtest:
    """Tries specs on what is stored, one question at a time: it takes a processor for itself."""

    def __init__(
        self,
        ports: Ports,
        checker: Checker,
        streams: Streams,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._ports = ports
        self._checker = checker
        self._streams = streams
        self._stopping = stopping
        self._turn = threading.Lock()

    def __call__(self, model: str, question: Question) -> list[Trial]:
        """The trial of the spec, and that of the other one if there is one.

        Raises UnknownModelError, SpecError, QueryError for too many windows, UnavailableError while
        another backtest is going.
        """
        specs = [
            self._ports.specs.consider(model, spec)
            for spec in (question.spec, question.against)
            if spec is not None
        ]
        for fault in question.faults:
            check_fault(specs[0], fault)
        if not self._turn.acquire(timeout=_WAIT_SECONDS):
            raise UnavailableError("another backtest is going", _WAIT_SECONDS)
        try:
            self._ports.log.wait_folded(FOLD_TIMEOUT)
            return [self._trial(model, spec, question) for spec in specs]
        finally:
            self._turn.release()

    def _trial(self, model: str, spec: ModelSpec, question: Question) -> Trial:
        began = thread_time()
        ports = self._ports
        span = aligned(question.span, ports.profiles.extent(model), spec.window.every)
        if span is None:
            return Trial(spec)
        judged = self._judged(model, replace(question, spec=spec, faults=()), span)
        if not judged.windows:
            return Trial(spec)
        spoilt = judged
        if question.faults:
            spoilt = self._judged(model, replace(question, spec=spec), span)
        alarming = {f.window for f in judged.alerts}
        return Trial(
            spec=spec,
            span=Window(judged.windows[0].start, judged.windows[-1].end),
            windows=len(judged.windows),
            rows=judged.rows,
            findings=sum(t.findings for t in judged.tallies.values()),
            alerts=len(judged.alerts),
            alarms=len(alarming),
            incidents=opened(spec, judged.alerts),
            detectors=judged.tallies,
            shown=spoilt.alerts,
            caught=caught(question.faults, judged.windows, judged.alerts, spoilt.alerts),
            seconds=thread_time() - began,
        )

    def _judged(self, model: str, question: Question, span: Window) -> Judged:
        ports, spec, judged = self._ports, question.spec, Judged()
        bounds = rebounded(ports.specs.get(model), spec)
        references = BoundReferences(ports.references, bounds)
        deviation = partial(_deviation, Sources(model, ports.log, references))
        rows = SpoiltRows(ports.log, Spoiler(spec, tuple(question.faults), deviation))
        sources = Sources(model, rows, references, past=ports.profiles)
        checker = replace(self._checker, examples=None, watch=judged.watch)
        states: Mapping[str, bytes] = {}
        for window, versions in self._windows(model, spec, span):
            if len(judged.windows) == MOST_WINDOWS:
                raise QueryError(
                    "from", f"there are more than {MOST_WINDOWS} windows; ask for less"
                )
            judged.windows.append(window)
            judged.rows += sum(p.rows for p in versions.values())
            seen = _seen(rows, model, window, versions, bounds)
            judged.add(checker.check(spec, sources, window, seen))
            judged.add(checker.performance(spec, sources, window, dict.fromkeys(versions, 0)))
            states = self._streamed(spec, sources, window, states, judged, list(versions))
        return judged

    def _windows(
        self, model: str, spec: ModelSpec, span: Window
    ) -> Iterator[tuple[Window, Mapping[str, Profiles]]]:
        """Each window with the profiles of its versions, oldest first."""
        found = self._ports.profiles.profiles(model, span, spec.window.every)
        for window, versions in groupby(found, key=lambda item: item[0]):
            if self._stopping():
                raise UnavailableError("the service is stopping")
            yield window, {version: profiles for _, version, profiles in versions}

    def _streamed(
        self,
        spec: ModelSpec,
        sources: Sources,
        window: Window,
        states: Mapping[str, bytes],
        judged: Judged,
        versions: Sequence[str],
    ) -> Mapping[str, bytes]:
        """The states of the streaming detectors once they have read a window."""
        began = thread_time()
        read = {v: sources.sample(v, window, labelled=True) for v in versions}
        labelled = LabelledStream(0, {v: sample for v, sample in read.items() if sample.rows})
        if not labelled.rows:
            return states
        reference = partial(sources.reference_sample, labelled=True)
        found = stream(sources.model, spec, labelled, states, self._streams, {}, reference)
        judged.watch(CONCEPT, thread_time() - began, failed=False)
        judged.add(found.findings)
        return found.states


def _seen(
    rows: SpoiltRows,
    model: str,
    window: Window,
    versions: Mapping[str, Profiles],
    bounds: Mapping[str, FeatureSpec],
) -> dict[str, Profiles]:
    return {
        version: rows.profiles(model, window, version, profiles, bounds)
        for version, profiles in versions.items()
    }


def _deviation(sources: Sources, version: str, feature: str) -> float:
    held = sources.reference(version).features.get(feature)
    return float("nan") if held is None else held.deviation
