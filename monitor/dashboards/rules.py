"""When Prometheus raises its voice, and what it works out beforehand.

The service judges models by itself: a rule here repeats no threshold of a detector, it passes the
verdict on. What the service cannot say about itself (that it is gone, full or slow) is judged here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor.dashboards.model_rules import MODEL_RULES
from monitor.dashboards.rule import MODELS, SERVICE, Rule
from monitor.dashboards.service_rules import SERVICE_RULES

RECORDED = "watchkeeper.recorded"
RUNBOOKS = "docs/runbooks.md"
"""Where to read what to do; its own address where the documentation has one."""
RULES: tuple[Rule, ...] = (*SERVICE_RULES, *MODEL_RULES)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A series that boards and rules ask for again and again."""

    name: str
    expr: str


_MISSED = 'max by (model) (watchkeeper_finding_alert{detector=~"performance[.].*"})'

RECORDINGS: tuple[Recorded, ...] = (
    *(
        Recorded(f"model:{name}:rate5m", f"sum by (model) (rate({name}_total[5m]))")
        for name in (
            "watchkeeper_predictions",
            "watchkeeper_actuals",
            "watchkeeper_rows_rejected",
        )
    ),
    *(
        Recorded(
            f"job:{name}:p99_5m",
            f"histogram_quantile(0.99, sum by (le) (rate({name}_bucket[5m])))",
        )
        for name in ("watchkeeper_ingest_seconds", "watchkeeper_journal_write_seconds")
    ),
    *(
        Recorded(f"model:watchkeeper_kpi_missed:avg{span}", f"avg_over_time(({_MISSED})[{span}:])")
        for span in ("5m", "30m", "1h", "6h")
    ),
)


def annotations(rule: Rule, runbooks: str) -> dict[str, str]:
    """What the alert says, and where to read what to do."""
    return {
        "summary": rule.summary,
        "description": rule.description,
        "runbook_url": f"{runbooks}#{rule.name.lower()}",
    }


def prometheus(runbooks: str = RUNBOOKS) -> dict[str, Any]:
    """The rule file of Prometheus."""
    recorded = [{"record": r.name, "expr": r.expr} for r in RECORDINGS]
    return {
        "groups": [
            {"name": RECORDED, "rules": recorded},
            *(
                {"name": group, "rules": [_rule(r, runbooks) for r in RULES if r.group == group]}
                for group in (SERVICE, MODELS)
            ),
        ]
    }


def _rule(rule: Rule, runbooks: str) -> dict[str, Any]:
    made: dict[str, Any] = {"alert": rule.name, "expr": rule.expr}
    if rule.hold:
        made["for"] = rule.hold
    if rule.severity is not None:
        made["labels"] = {"severity": rule.severity}
    return made | {"annotations": annotations(rule, runbooks)}


def runbook() -> str:
    """What to do about each alert: a page of the documentation."""
    parts = [
        f"## {r.name}\n\n{_untold(r.summary)}. {_untold(r.description)}\n\n{r.action}"
        for r in RULES
    ]
    head = "# What to do about an alert\n\nWritten by `make docs` from monitor/dashboards/rules.py."
    return "\n\n".join([head, *parts]) + "\n"


_WORDS: Mapping[str, str] = {
    "{{ $labels.model }}": "MODEL",
    "{{ $labels.detector }}": "DETECTOR",
    "{{ $labels.feature }}": "FEATURE",
    "{{ $labels.instance }}": "the target",
    "{{ $labels.severity }}": "SEVERITY",
    "{{ $value | humanize }}": "so many",
    "{{ $value | humanizeDuration }}": "so long",
    "{{ $value | humanizePercentage }}": "a share",
    "{{ $value }}": "N",
}


def _untold(text: str) -> str:
    for variable, word in _WORDS.items():
        text = text.replace(variable, word)
    return text
