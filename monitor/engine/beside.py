"""What is judged beside the windows of rows: traffic that ended, usage, and how labels come."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.core.detector import ArrivalDetector, UsageDetector
from monitor.core.findings import Finding
from monitor.core.spec import ModelSpec
from monitor.core.windows import Window
from monitor.engine.check import Watch
from monitor.engine.coverage import CoverageCheck
from monitor.engine.history import History
from monitor.engine.ports import Ports
from monitor.engine.traffic import TrafficCheck
from monitor.engine.usage import UsageCheck


@dataclass(frozen=True, slots=True)
class Beside:
    """Judges what does not wait for rows; each step saves what is new in one transaction."""

    ports: Ports
    history: History
    traffic: TrafficCheck
    usage: UsageCheck | None
    coverage: CoverageCheck | None

    @classmethod
    def of(
        cls,
        ports: Ports,
        traffic: TrafficCheck,
        usage: Sequence[UsageDetector],
        arrivals: Sequence[ArrivalDetector],
        watch: Watch,
    ) -> "Beside":
        """With what the ports answer for."""
        used = ports.resources and UsageCheck(ports, ports.resources, usage, watch)
        covered = ports.arrivals and CoverageCheck(ports, ports.arrivals, arrivals, watch)
        return cls(ports, History(ports.findings), traffic, used or None, covered or None)

    def extent(self, model: str) -> Window | None:
        """The span of all rows and all samples of what serving takes."""
        extents = [self.ports.profiles.extent(model)]
        if self.ports.resources is not None:
            extents.append(self.ports.resources.extent(model))
        held = [e for e in extents if e is not None]
        return Window(min(e.start for e in held), max(e.end for e in held)) if held else None

    def due(self, model: str, spec: ModelSpec) -> int:
        """Judge what is due; the answer is how many findings that gave."""
        count = self._saved(model, self.traffic.silence(model, spec))
        if self.usage is not None and (span := self.usage.due(model, spec)):
            count += self._used(self.usage, model, spec, span)
        if self.coverage is not None:
            count += self._saved(model, self.coverage.due(model, spec))
        return count

    def asked(self, model: str, spec: ModelSpec, span: Window) -> None:
        """Judge the samples of a span, over or not, and how many labels are in now."""
        if self.usage is not None:
            self._used(self.usage, model, spec, span)
        if self.coverage is not None:
            self._saved(model, self.coverage.check(model, spec))

    def _used(self, usage: UsageCheck, model: str, spec: ModelSpec, span: Window) -> int:
        news = self.history.news(model, usage.check(model, spec, span))
        with self.ports.ledger.transaction():
            self.ports.findings.save(news)
            usage.resources.judged(model, span)
        return len(news)

    def _saved(self, model: str, found: Sequence[Finding]) -> int:
        news = self.history.news(model, found)
        if news:
            with self.ports.ledger.transaction():
                self.ports.findings.save(news)
        return len(news)
