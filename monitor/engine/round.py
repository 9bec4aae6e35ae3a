"""One tick of the engine: what is due is checked, streamed, grouped and decided on.

Each step computes first and then writes in one transaction what it found together with how far it
came. So a crash before the commit repeats the step, and one after it skips nothing. Alerts wait in
the log until the last step has taken them, so incidents and policy see them in event order and act
on the newest state, however long the backlog was.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

from monitor.core.detector import ArrivalDetector, TrafficDetector, UsageDetector
from monitor.core.errors import UnavailableError
from monitor.core.findings import Finding
from monitor.core.ports import FindingQuery, Json
from monitor.core.profile import Profiles
from monitor.core.spec import ModelSpec
from monitor.core.windows import Window
from monitor.engine.beside import Beside
from monitor.engine.check import Checker, Sources
from monitor.engine.episode import Episode
from monitor.engine.history import ALL, History
from monitor.engine.performance import Estimate, Evaluate, Series
from monitor.engine.ports import Ports
from monitor.engine.rules import RuleCheck
from monitor.engine.spans import aligned, corrected, runs, touched
from monitor.engine.stream import Streams, stream
from monitor.engine.traffic import TrafficCheck

CHUNK = 50
"""Windows checked between two commits."""
FOLD_TIMEOUT = timedelta(seconds=30)
PATIENCE_SECONDS = 2.0
"""How long what came from outside waits for a round that is at its model."""

_log = logging.getLogger(__name__)


class Round:
    """Runs the engine over every model, one thread at a time on each.

    `stopping` is asked between chunks, so that a long backlog does not hold up the end.
    """

    def __init__(
        self,
        ports: Ports,
        checker: Checker,
        streams: Streams,
        evaluate: Evaluate,
        stopping: Callable[[], bool] = lambda: False,
        traffic: Sequence[TrafficDetector] = (),
        estimate: Estimate | None = None,
        usage: Sequence[UsageDetector] = (),
        arrivals: Sequence[ArrivalDetector] = (),
    ) -> None:
        self._ports = ports
        self._checker = checker
        self._streams = streams
        self._evaluate, self._estimate = evaluate, estimate
        self._stopping = stopping
        self._episode = Episode(ports)
        self._history = History(ports.findings)
        self._traffic = TrafficCheck(ports, traffic, checker.watch)
        self._beside = Beside.of(ports, self._traffic, usage, arrivals, checker.watch)
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}

    def tick(self) -> int:
        """Do what is due for every model; the answer is how many findings that gave.

        What goes wrong with one model is logged and does not keep the others waiting.
        """
        count = 0
        for model in self._ports.specs.names():
            if self._stopping():
                break
            try:
                with self._alone(model):
                    count += self._advance(model)
            except UnavailableError as problem:  # a full disk, say: no fault of ours
                _log.warning("the round of model %s waits: %s", model, problem)
            except Exception:
                _log.exception("the round of model %s failed; it will be repeated", model)
        return count

    def check(self, model: str, span: Window | None = None) -> Sequence[Finding]:
        """Check every window that starts in the span, over or not; None is all there are.

        Waits until all acknowledged rows can be read. The findings of those windows, the newest
        window first. Raises UnknownModelError, UnavailableError.
        """
        ports = self._ports
        spec = ports.specs.get(model)
        ports.log.wait_folded(FOLD_TIMEOUT)
        with self._alone(model):
            asked = aligned(span, self._beside.extent(model), spec.window.every)
            if asked is not None:
                self._check_all(model, spec, asked)
                self._beside.asked(model, spec, asked)
            self._advance(model)
        if asked is None:
            return []
        found = ports.findings.find(FindingQuery(model, asked, limit=ALL))
        return sorted(found, key=lambda f: (f.window.start, f.number), reverse=True)

    def performance(self, model: str, span: Window | None = None) -> list[Json]:
        """The KPIs of every window that starts in the span, as the contract's route shows them."""
        ports = self._ports
        spec = ports.specs.get(model)
        asked = aligned(span, ports.profiles.extent(model), spec.window.every)
        if asked is None:
            return []
        sources = Sources(model, ports.log, ports.references)
        return list(Series(spec, sources, ports, self._evaluate, self._estimate).items(asked))

    def conclude(self, model: str) -> None:
        """Make incidents of what was found, unless a round is at the model: that will do it."""
        lock = self._lock(model)
        if lock.acquire(timeout=PATIENCE_SECONDS):
            try:
                self._episode.advance(model, self._ports.specs.get(model))
            finally:
                lock.release()

    def _lock(self, model: str) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault(model, threading.Lock())

    @contextmanager
    def _alone(self, model: str) -> Iterator[None]:
        with self._lock(model):
            yield

    def _advance(self, model: str) -> int:
        spec = self._ports.specs.get(model)
        count = self._check_due(model, spec)
        count += self._beside.due(model, spec)
        count += self._stream(model, spec)
        self._episode.advance(model, spec)
        return count

    def _check_due(self, model: str, spec: ModelSpec) -> int:
        """Check what is due now; windows that get rows meanwhile wait for the next round."""
        ports, count = self._ports, 0
        due = ports.ledger.due(model, ports.clock())
        for first in range(0, len(due), CHUNK):
            if self._stopping():
                break
            upto = ports.ledger.folded_upto()
            versions: dict[Window, dict[str, Profiles]] = {
                window: {} for window in due[first : first + CHUNK]
            }
            for span in runs(versions):
                for window, version, profiles in self._profiles(model, spec, span):
                    if window in versions:
                        versions[window][version] = profiles
            count += self._check_chunk(model, spec, versions, upto)
        return count

    def _check_all(self, model: str, spec: ModelSpec, span: Window) -> None:
        upto = self._ports.ledger.folded_upto()
        chunk: dict[Window, dict[str, Profiles]] = {}
        for window, version, profiles in self._profiles(model, spec, span):
            if window not in chunk and len(chunk) == CHUNK:
                self._check_chunk(model, spec, chunk, upto, labelled=True)
                chunk = {}
            chunk.setdefault(window, {})[version] = profiles
        if chunk:
            self._check_chunk(model, spec, chunk, upto, labelled=True)

    def _profiles(
        self, model: str, spec: ModelSpec, span: Window
    ) -> Iterator[tuple[Window, str, Profiles]]:
        return self._ports.profiles.profiles(model, span, spec.window.every)

    def _check_chunk(
        self,
        model: str,
        spec: ModelSpec,
        chunk: Mapping[Window, Mapping[str, Profiles]],
        upto: int,
        *,
        labelled: bool = False,
    ) -> int:
        """`labelled` judges performance too; in a round that follows the labels, not the rows."""
        sources = Sources(model, self._ports.log, self._ports.references, past=self._ports.profiles)
        found: list[Finding] = []
        for window, versions in sorted(chunk.items(), key=lambda item: item[0]):
            found += self._checker.check(spec, sources, window, versions)
            if labelled:
                judged = dict.fromkeys(versions, 0)
                found += self._checker.performance(spec, sources, window, judged)
        found += self._traffic.check(model, spec, chunk)
        found += RuleCheck(self._ports.rules).check(model, spec, chunk)
        news = self._history.news(model, found)
        news += self._history.gone(model, found, chunk, sources.failed)
        with self._ports.ledger.transaction():
            self._ports.findings.save(news)
            for window in chunk:
                self._ports.ledger.done(model, window, upto)
        return len(news)

    def _stream(self, model: str, spec: ModelSpec) -> int:
        ports = self._ports
        progress = ports.ledger.progress(model)
        labelled = ports.ledger.newly_labelled(model, progress.labelled)
        if labelled.upto == progress.labelled:
            return 0
        earlier = self._history.concepts(model, touched(labelled, spec.window.every))
        sources = Sources(model, ports.log, ports.references)
        reference = partial(sources.reference_sample, labelled=True)
        streamed = stream(model, spec, labelled, progress.states, self._streams, earlier, reference)
        changed = {**streamed.grown, **corrected(labelled, spec.window.every)}
        found = [*streamed.findings, *self._performance_again(spec, sources, changed)]
        found.sort(key=lambda f: (f.window, f.version))
        news = self._history.news(model, found)
        with ports.ledger.transaction():
            ports.findings.save(news)
            ports.ledger.advance(
                model, replace(progress, labelled=labelled.upto, states=streamed.states)
            )
        return len(news)

    def _performance_again(
        self, spec: ModelSpec, sources: Sources, grown: Mapping[tuple[Window, str], int]
    ) -> list[Finding]:
        """Performance of windows whose labels grew or changed, judged anew.

        Where they only grew (by more than 0 rows) they must have grown enough.
        """
        versions: dict[Window, list[str]] = {}
        for window, version in sorted(grown):
            versions.setdefault(window, []).append(version)
        known = self._history.labelled(sources.model, versions)
        found: list[Finding] = []
        for window, names in versions.items():
            judged = {
                version: known.get((window, version), 0) if grown[window, version] else 0
                for version in names
            }
            found += self._checker.performance(spec, sources, window, judged)
        return found
