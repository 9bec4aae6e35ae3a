"""Alerts about models: the verdicts of the service, passed on."""

from monitor.dashboards.rule import MODELS, Rule, newly

KPI_OBJECTIVE = 0.99
"""The share of time that the KPIs of a model are to be within their bounds."""
_FAST, _SLOW = 14.4, 6.0
"""How many times too fast the budget of a month may be burnt: 2 % of it in an hour, 5 % in six
(Google, The Site Reliability Workbook, 2018, chapter 5)."""


def _burnt(short: str, long: str, rate: float) -> str:
    limit = round(rate * (1 - KPI_OBJECTIVE), 6)
    return (
        f"model:watchkeeper_kpi_missed:avg{long} > {limit}\n"
        f"  and model:watchkeeper_kpi_missed:avg{short} > {limit}"
    )


MODEL_RULES: tuple[Rule, ...] = (
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
        newly('watchkeeper_retrain_runs_total{outcome="failed"}', "model", "6h"),
        "{{ $labels.model }}: a retraining run failed",
        "The champion stays. Its stages and the error: GET /v1/models/{{ $labels.model }}/runs",
        "Too few labels and a candidate that cannot be trained are said in the run's error. The "
        "next request of the policy waits for the cooldown; `watchkeeper retrain` does not.",
        "warning",
    ),
)
