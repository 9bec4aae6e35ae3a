"""The rules that rows have to keep, judged window by window."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from monitor.core.findings import Finding, Measurement
from monitor.core.profile import Profiles
from monitor.core.rules import RuleLog
from monitor.core.spec import ModelSpec
from monitor.core.windows import Broken, Window
from monitor.engine.thresholds import Place, judge

DETECTOR = "quality.schema"


@dataclass(frozen=True, slots=True)
class RuleCheck:
    """Counts the rows that break each rule of the spec. A rule without a value is kept.

        value = rows that break it / rows

    A row that breaks a rule is a finding whatever the share: who declares a rule means it. What the
    reference breaks too is told beside it.
    """

    log: RuleLog | None

    def check(
        self, model: str, spec: ModelSpec, windows: Mapping[Window, Mapping[str, Profiles]]
    ) -> Iterator[Finding]:
        """One finding for each rule, version and window that has rows."""
        if self.log is None or not spec.rules:
            return
        names = {version for versions in windows.values() for version in versions}
        before = {version: self.log.broken_before(model, version) for version in names}
        for window, versions in sorted(windows.items(), key=lambda item: item[0]):
            for version in versions:
                found = self.log.broken(model, version, window)
                for name, broken in found.items():
                    if broken.rows:
                        known = before[version].get(name)
                        measured = _measured(name, spec.rules[name], broken, known)
                        place = Place(model, version, window, broken.rows)
                        yield judge(spec, place, DETECTOR, measured, 1.0)


def _measured(name: str, text: str, broken: Broken, known: Broken | None) -> Measurement:
    expected = known.hits / known.rows if known is not None and known.rows else None
    evidence: dict[str, object] = {"rule": text, "rows": broken.hits}
    if broken.hits:
        evidence["prediction_ids"] = list(broken.ids)
    return Measurement(
        f"rule:{name}", broken.hits / broken.rows, expected=expected, evidence=evidence
    )
