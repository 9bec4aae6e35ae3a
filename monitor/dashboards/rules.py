"""When Prometheus raises its voice, and what it works out beforehand.

The service judges models by itself: a rule here repeats no threshold of a detector, it passes the
verdict on. What the service cannot say about itself (that it is gone, full or slow) is judged here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SERVICE, MODELS, RECORDED = "watchkeeper.service", "watchkeeper.models", "watchkeeper.recorded"
RUNBOOKS = "docs/runbooks.md"
"""Where to read what to do; its own address where the documentation has one."""
KPI_OBJECTIVE = 0.99
"""The share of time that the KPIs of a model are to be within their bounds."""
_FAST, _SLOW = 14.4, 6.0
"""How many times too fast the budget of a month may be burnt: 2 % of it in an hour, 5 % in six
(Google, The Site Reliability Workbook, 2018, chapter 5)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One alert: when, for how long, how bad; what it says, and what to do about it."""

    name: str
    group: str
    expr: str
    summary: str
    description: str
    action: str
    severity: str | None = None
    """None where the series themselves say how severe it is."""
    hold: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A series that boards and rules ask for again and again."""

    name: str
    expr: str


def _newly(metric: str, by: str, span: str) -> str:
    """A counter that has grown; the second half sees what its series begins with."""
    return (
        f"sum by ({by}) (increase({metric}[{span}])) > 0\n"
        f"  or sum by ({by}) ({metric} unless {metric} offset {span}) > 0"
    )


def _burnt(short: str, long: str, rate: float) -> str:
    limit = round(rate * (1 - KPI_OBJECTIVE), 6)
    return (
        f"model:watchkeeper_kpi_missed:avg{long} > {limit}\n"
        f"  and model:watchkeeper_kpi_missed:avg{short} > {limit}"
    )


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

RULES: tuple[Rule, ...] = (
    Rule(
        "WatchkeeperDown",
        SERVICE,
        'up{job="watchkeeper"} == 0 or absent(up{job="watchkeeper"})',
        "Watchkeeper does not answer",
        "/metrics of {{ $labels.instance }} has not been readable for a minute. Clients spool what "
        "they log meanwhile. Look at `docker compose logs watchkeeper`.",
        "Ask `/healthz` and `/readyz`: the second is 503 while rows from before are folded. If "
        "neither answers, read the end of the service's log. A full disk, a lock that another "
        "process holds and a damaged journal are each said in one line there; the last is for "
        "`watchkeeper repair`. Nothing that was acknowledged is lost.",
        "critical",
        "1m",
    ),
    Rule(
        "WatchkeeperMetricsAbsent",
        SERVICE,
        'absent(watchkeeper_ingest_queue_rows) and on () up{job="watchkeeper"} == 1',
        "What answers under the name watchkeeper is no Watchkeeper",
        "The target is up and shows no metric of the service.",
        "Look at `scrape_configs` of Prometheus: address, port and path. Behind a proxy "
        "`/metrics` may be answered by somebody else.",
        "critical",
        "5m",
    ),
    Rule(
        "WatchkeeperQueueLong",
        SERVICE,
        "watchkeeper_ingest_queue_rows > 100000",
        "Rows pile up before the disk",
        "{{ $value | humanize }} rows have been waiting for ten minutes to be written. Their "
        "senders wait for an answer; a slow disk is the usual cause.",
        "Compare `watchkeeper_journal_write_seconds` with what the disk gave before. Move the data "
        "directory to a faster disk, or send larger bodies: one `fdatasync` serves a whole group.",
        "warning",
        "10m",
    ),
    Rule(
        "WatchkeeperIngestSlow",
        SERVICE,
        "histogram_quantile(0.99, sum by (le) (rate(watchkeeper_ingest_seconds_bucket[5m]))) > 1",
        "Taking rows in has become slow",
        "One request in a hundred takes more than {{ $value | humanizeDuration }}. A slow disk or "
        "too little CPU is the usual cause.",
        "As for WatchkeeperQueueLong; where the disk is fast, look at the CPU: a backtest or a "
        "retraining run may share it.",
        "warning",
        "10m",
    ),
    Rule(
        "WatchkeeperFoldStale",
        SERVICE,
        "watchkeeper_fold_lag_seconds > 900",
        "Rows are on disk and nobody can read them",
        "The oldest has waited for {{ $value | humanizeDuration }}. What is judged meanwhile does "
        "not know of it.",
        "Acknowledged rows are safe in the journal. A disk that is nearly full, or more rows than "
        "the machine can fold, keeps them there; the service's log says which.",
        "warning",
        "5m",
    ),
    Rule(
        "WatchkeeperChecksStale",
        SERVICE,
        "sum(increase(watchkeeper_predictions_total[26h])) > 0\n"
        "  unless sum(increase(watchkeeper_detector_seconds_count[26h])) > 0",
        "Rows come in and nothing is checked",
        "No detector has looked at a window for a day although rows came. A monitor that is dead "
        "looks like one that has nothing to say.",
        "The service's log says why rounds fail. Windows longer than a day are checked later than "
        "this rule waits; silence it for them. A restart repeats what was not finished.",
        "critical",
        "1h",
    ),
    Rule(
        "WatchkeeperDetectorFailed",
        SERVICE,
        _newly("watchkeeper_detector_failures_total", "detector", "1h"),
        "{{ $labels.detector }} failed",
        "A detector could not look at a window, which says nothing about the window. The others "
        "went on; the service's log has the reason.",
        "The log has the traceback under the detector's name. Report it: a detector must never "
        "fail. Until then what it looks for goes unseen.",
        "warning",
    ),
    Rule(
        "WatchkeeperRowsRejected",
        SERVICE,
        "sum by (model) (rate(watchkeeper_rows_rejected_total[15m]))\n"
        "  > 0.01 * (\n"
        "    sum by (model) (rate(watchkeeper_rows_rejected_total[15m]))\n"
        "    + (\n"
        "      sum by (model) (rate(watchkeeper_predictions_total[15m]))\n"
        "      or 0 * sum by (model) (rate(watchkeeper_rows_rejected_total[15m]))\n"
        "    )\n"
        "  )",
        "{{ $labels.model }}: rows cannot be read",
        "More than 1 % of the rows sent for {{ $labels.model }} are rejected. The answer of each "
        "request names the rows and what is wrong with them.",
        "The label `reason` of `watchkeeper_rows_rejected_total` names the part at fault. Correct "
        "the sender; rejected rows are not stored and may be sent again.",
        "warning",
        "10m",
    ),
    Rule(
        "WatchkeeperModelSilent",
        MODELS,
        "sum by (model) (increase(watchkeeper_predictions_total[1h])) == 0\n"
        "  and sum by (model) (increase(watchkeeper_predictions_total[1d] offset 1h)) > 0",
        "{{ $labels.model }} has fallen silent",
        "No prediction of {{ $labels.model }} for an hour, and there were some in the day before.",
        "Is the model still serving? If so its client cannot reach the service: its counters say "
        "so, and it spools what it cannot send. If the model was retired, silence this alert.",
        "warning",
        "10m",
    ),
    Rule(
        "WatchkeeperFinding",
        MODELS,
        "max by (model, detector, feature, segment) (\n"
        '  watchkeeper_finding_alert{detector!~"performance[.].*"}\n'
        ") == 1",
        "{{ $labels.model }}: {{ $labels.detector }} {{ $labels.feature }}",
        "The newest window of {{ $labels.model }} alerts. What moved, and by how much: "
        "GET /v1/models/{{ $labels.model }}/findings?alert=true",
        "Read the finding's message and evidence. Bad data: mend it where it is made. Drift: look "
        "whether the KPIs follow; if not, it may be let be, and the smallest effect or the method "
        "of the feature be changed. Try a change of the spec with `watchkeeper backtest` first.",
        "warning",
    ),
    Rule(
        "WatchkeeperPerformance",
        MODELS,
        'max by (model, detector) (watchkeeper_finding_alert{detector=~"performance[.].*"}) == 1',
        "{{ $labels.model }}: answers have become worse",
        "A KPI of {{ $labels.model }} is past its bound ({{ $labels.detector }}): "
        "GET /v1/models/{{ $labels.model }}/performance",
        "The incident ranks likely causes. If the newest version is at fault: `watchkeeper "
        "rollback`. If the world has changed: `watchkeeper retrain`, where the policy has not "
        "asked for it already.",
        "critical",
    ),
    Rule(
        "WatchkeeperKpiBurningFast",
        MODELS,
        _burnt("5m", "1h", _FAST),
        "{{ $labels.model }}: KPIs out of bounds, and much of the time",
        "{{ $value | humanizePercentage }} of the last hour a KPI of {{ $labels.model }} was past "
        "its bound: at this rate the month's budget of 1 % is gone in two days.",
        "As for WatchkeeperPerformance. It ends when the KPI has kept its bound for five minutes.",
        "critical",
    ),
    Rule(
        "WatchkeeperKpiBurningSlowly",
        MODELS,
        _burnt("30m", "6h", _SLOW),
        "{{ $labels.model }}: KPIs out of bounds again and again",
        "{{ $value | humanizePercentage }} of the last six hours a KPI of {{ $labels.model }} was "
        "past its bound: at this rate the month's budget of 1 % is gone in five days.",
        "As for WatchkeeperPerformance, without hurry.",
        "warning",
    ),
    Rule(
        "WatchkeeperIncident",
        MODELS,
        'max by (model, severity) (watchkeeper_incidents_open{severity=~"warning|critical"}) > 0',
        "{{ $labels.model }}: {{ $value }} open incident(s), {{ $labels.severity }}",
        "Likely causes, ranked: GET /v1/models/{{ $labels.model }}/incidents",
        "Acknowledge it (`POST …/incidents/{id}/ack`) so that others know somebody looks. It is "
        "resolved by itself once newer windows are quiet, or by `…/resolve`.",
    ),
    Rule(
        "WatchkeeperRetrainFailed",
        MODELS,
        _newly('watchkeeper_retrain_runs_total{outcome="failed"}', "model", "6h"),
        "{{ $labels.model }}: a retraining run failed",
        "The champion stays. Its stages and the error: GET /v1/models/{{ $labels.model }}/runs",
        "Too few labels and a candidate that cannot be trained are said in the run's error. The "
        "next request of the policy waits for the cooldown; `watchkeeper retrain` does not.",
        "warning",
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
