"""What was judged before: findings looked up so that nothing is told twice or forgotten."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from monitor.core.decisions import Incident
from monitor.core.external import PREFIX
from monitor.core.findings import Finding, Severity
from monitor.core.ports import FindingLog, FindingQuery
from monitor.core.windows import Window
from monitor.engine.policy import is_bad
from monitor.engine.spans import END, runs
from monitor.engine.stream import CONCEPT
from monitor.engine.wording import unmeasured

ALL = 1_000_000_000
"""A limit that no query reaches."""
_NEWER = 5_000
"""Findings after an incident that are enough to see whether it is over."""


@dataclass(frozen=True, slots=True)
class History:
    """Reads the log of findings."""

    log: FindingLog

    def news(self, model: str, found: Sequence[Finding]) -> list[Finding]:
        """Those that say something else than what is stored.

        A window checked again with the same rows leaves its findings, and their numbers, as
        they are. So no alert is told twice. What a detector says of a window that it has judged
        before is marked as revised.
        """
        stored = {
            _identity(f): f for f in self._stored(model, (f.window for f in found), detector=None)
        }
        judged = {_judge(f) for f in stored.values()}
        return [
            replace(f, revised=_judge(f) in judged)
            for f in found
            if not _says_the_same(f, stored.get(_identity(f)))
        ]

    def gone(
        self,
        model: str,
        found: Sequence[Finding],
        checked: Mapping[Window, Collection[str]],
        failed: Collection[tuple[str, str, Window]],
    ) -> list[Finding]:
        """Stored alerts that a new check did not measure again, as findings that alert no more.

        `checked` names the versions looked at in each window. A bound may have left the spec or a
        value may have become known. Not those of a detector that has `failed` now: what it would
        say is unknown. Nor those that need actuals: they follow the labels.
        """
        measured = {_identity(f) for f in found}
        return [
            replace(
                old,
                alert=False,
                severity=Severity.INFO,
                message=unmeasured(old.detector, old.measured),
                revised=True,
            )
            for old in self._stored(model, checked, detector=None, alert=True)
            if old.version in checked.get(old.window, ())
            and not old.detector.startswith((CONCEPT, "performance.realized", PREFIX))
            and (old.detector, old.version, old.window) not in failed
            and _identity(old) not in measured
            and not _follows_samples(old)
        ]

    def concepts(
        self, model: str, windows: Iterable[Window]
    ) -> Mapping[tuple[Window, str, str], Finding]:
        """Findings of concept drift by window, version and method."""
        stored = self._stored(model, windows, CONCEPT)
        return {(f.window, f.version, f.measured.method): f for f in stored}

    def labelled(self, model: str, windows: Iterable[Window]) -> Mapping[tuple[Window, str], int]:
        """From how many labelled rows performance was judged last, by window and version."""
        rows: dict[tuple[Window, str], int] = {}
        for finding in self._stored(model, windows, detector=None):
            count = finding.measured.evidence.get("labelled")
            if isinstance(count, int) and finding.detector != CONCEPT:
                key = (finding.window, finding.version)
                rows[key] = max(count, rows.get(key, 0))
        return rows

    def alerts(self, incident: Incident) -> list[Finding]:
        """The alerts of the incident's window and version."""
        query = FindingQuery(incident.model, incident.window, alert=True, limit=ALL)
        return [f for f in self.log.find(query) if f.version == incident.version]

    def newer(self, incident: Incident) -> list[Finding]:
        """The newest findings of the incident's version after its window."""
        span = Window(incident.window.end, END)
        query = FindingQuery(incident.model, span, limit=_NEWER)
        return [f for f in self.log.find(query) if f.version == incident.version]

    def bad(self, model: str) -> list[Window]:
        """The windows whose rows must not be learned from, oldest first."""
        found = self.log.find(FindingQuery(model, alert=True, limit=ALL))
        return sorted({f.window for f in found if is_bad(f)})

    def _stored(
        self,
        model: str,
        windows: Iterable[Window],
        detector: str | None,
        alert: bool | None = None,
    ) -> Iterator[Finding]:
        for span in runs(windows):
            query = FindingQuery(model, span, detector, alert=alert, limit=ALL)
            yield from self.log.find(query)


def _follows_samples(finding: Finding) -> bool:
    """Whether a finding rests on what serving reported, or on how many actuals are in.

    Those are judged when samples come, and as time passes.
    """
    if finding.measured.method in {"error_share", "label_coverage"}:
        return True
    return finding.detector in {"resource.memory", "resource.cpu", "resource.cost"}


def _identity(finding: Finding) -> tuple[object, ...]:
    measured = finding.measured
    return (
        finding.version,
        finding.window,
        finding.detector,
        measured.method,
        measured.feature,
        measured.segment,
    )


def _judge(finding: Finding) -> tuple[str, Window, str]:
    return finding.version, finding.window, finding.detector


def _says_the_same(new: Finding, old: Finding | None) -> bool:
    """Whether both judge the same numbers of the same rows; evidence only illustrates them."""
    if old is None:
        return False
    return (
        new.rows == old.rows
        and new.alert == old.alert
        and new.severity == old.severity
        and new.threshold == old.threshold
        and new.message == old.message
        and _numbers(new) == _numbers(old)
    )


def _numbers(finding: Finding) -> tuple[object, ...]:
    m = finding.measured
    return (m.value, m.expected, m.p_value, m.low, m.high, m.evidence.get("labelled"))
