"""What alerts of a backtest would have come to: incidents, and faults that were caught."""

from collections.abc import Sequence

from monitor.core.backtests import Caught, Fault
from monitor.core.findings import Finding
from monitor.core.spec import ModelSpec
from monitor.core.windows import Window
from monitor.engine.incidents import gather


def opened(spec: ModelSpec, alerts: Sequence[Finding]) -> list[str]:
    """The titles of the incidents that alerts would have opened, oldest first.

    One that nobody would have resolved meanwhile takes in all that is near.
    """
    if not alerts:
        return []
    found = gather(spec, alerts, (), lambda _: (), alerts[0].window.end)
    return [i.title for i in sorted(found, key=lambda i: i.window.start)]


def caught(
    faults: Sequence[Fault],
    windows: Sequence[Window],
    before: Sequence[Finding],
    after: Sequence[Finding],
) -> list[Caught]:
    """What became of each fault: alerts count that history `before` the faults does not have."""
    known = {_identity(f) for f in before}
    new = [f for f in after if _identity(f) not in known]
    return [_caught(fault, windows, new) for fault in faults]


def _caught(fault: Fault, windows: Sequence[Window], new: Sequence[Finding]) -> Caught:
    spoilt = [w for w in windows if fault.hits(w)]
    held = set(spoilt)
    own = [f for f in new if f.window in held and f.measured.feature in {None, fault.feature}]
    if not own:
        return Caught(fault)
    first = min(f.window for f in own)
    return Caught(
        fault,
        sorted({f.detector for f in own}),
        first.end - spoilt[0].start,
        spoilt.index(first) + 1,
    )


def _identity(finding: Finding) -> tuple[object, ...]:
    m = finding.measured
    return (finding.version, finding.window, finding.detector, m.method, m.feature, m.segment)
