"""How much of a model's budget of false alarms is spent, and how much was to be expected."""

from monitor.core.ports import FindingQuery, Json
from monitor.core.spec import MONTH
from monitor.core.windows import Window
from monitor.engine.ports import Ports

_MOST = 500_000
"""Findings that are read: those of a month."""


def spending(ports: Ports, model: str) -> Json:
    """The budget over the 30 days up to the newest row, by event time.

        expected = sum of the levels of all tests, an upper bound of the false alarms to expect

    `spent` counts the incidents of that time that a person called a false alarm; `unjudged` those
    nobody has said anything of. Raises UnknownModelError.
    """
    spec, extent = ports.specs.get(model), ports.profiles.extent(model)
    budget = spec.alerts.false_alarms_per_month
    answer: Json = {"false_alarms_per_month": budget, "from": None, "to": None}
    counts = dict.fromkeys(("tests", "alerts", "incidents", "spent", "unjudged"), 0)
    if extent is None:
        return answer | counts | {"expected": 0.0, "left": budget}
    span = Window(extent.end - MONTH, extent.end)
    found = ports.findings.find(FindingQuery(model, span, limit=_MOST))
    opened = [i for i in ports.incidents.incidents(model) if i.window.end > span.start]
    counts |= {
        "tests": sum(f.level is not None for f in found),
        "alerts": sum(f.alert for f in found),
        "incidents": len(opened),
        "spent": sum(i.false_alarm is True for i in opened),
        "unjudged": sum(i.false_alarm is None for i in opened),
    }
    answer |= {"from": span.start, "to": span.end}
    expected = sum(f.level for f in found if f.level is not None)
    return answer | counts | {"expected": expected, "left": budget - counts["spent"]}
