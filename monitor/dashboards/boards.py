"""Grafana's boards: the fleet, one model, one incident, and the monitor itself."""

from collections.abc import Mapping
from typing import Any

from monitor.dashboards.panels import Panel, board, row

_OF = '{model=~"$model"}'
_ALERTING = (
    f"watchkeeper_finding_value{_OF} "
    "and on (model, detector, feature, segment, method) (watchkeeper_finding_alert == 1)"
)


def _rate(metric: str, by: str = "", of: str = _OF) -> str:
    grouped = f" by ({by}) " if by else ""
    return f"sum{grouped}(rate({metric}{of}[$__rate_interval]))"


def _quantile(share: float, metric: str, by: str = "", of: str = "") -> str:
    groups = f"{by}, le" if by else "le"
    rate = f"rate({metric}_bucket{of}[$__rate_interval])"
    return f"histogram_quantile({share}, sum by ({groups}) ({rate}))"


def _quantiles(metric: str, by: str = "", of: str = "") -> list[tuple[str, str]]:
    name = f"{{{{{by}}}}} " if by else ""
    return [
        (_quantile(0.5, metric, by, of), f"{name}half"),
        (_quantile(0.99, metric, by, of), f"{name}99 of 100"),
    ]


_KPIS = Panel(
    "timeseries",
    "KPIs",
    "Each KPI of the newest window: realized with actuals, estimated before they come.",
    [(f"watchkeeper_performance{_OF}", "{{model}} {{metric}} {{kind}}")],
    width=16,
)
_CHAMPIONS = Panel(
    "table",
    "Champions",
    "The version of each model that answers now.",
    [(f"watchkeeper_champion_info{_OF}", "")],
    width=8,
    quiet=True,
)
_FINDINGS = Panel(
    "table",
    "Alerting findings",
    "What each detector measured that alerts in the newest window.",
    [(_ALERTING, "")],
    quiet=True,
)
_DRIFT = Panel(
    "timeseries",
    "Drift by feature",
    "How far each feature is from its reference, by the method that measures it.",
    [
        (
            "max by (model, feature, method) "
            '(watchkeeper_finding_value{model=~"$model", detector=~"drift[.].*"})',
            "{{model}} {{feature}} {{method}}",
        )
    ],
)
_QUALITY = Panel(
    "timeseries",
    "Data quality",
    "The share of rows that each detector of data quality objects to.",
    [
        (
            "max by (model, detector, feature) "
            '(watchkeeper_finding_value{model=~"$model", detector=~"quality[.].*"})',
            "{{model}} {{detector}} {{feature}}",
        )
    ],
    unit="percentunit",
)
_INCIDENTS = Panel(
    "timeseries",
    "Open incidents",
    "Incidents that are not resolved, by severity.",
    [
        (
            f"sum by (model, severity) (watchkeeper_incidents_open{_OF})",
            "{{model}} {{severity}}",
        )
    ],
)
_TRAFFIC = Panel(
    "timeseries",
    "Predictions by version",
    "Rows accepted a second, by the version that answered.",
    [(_rate("watchkeeper_predictions_total", "model, version"), "{{model}} {{version}}")],
    unit="reqps",
)
_LATENCY = Panel(
    "timeseries",
    "Latency of the champion",
    "Seconds that a champion takes to answer one call of the predict route.",
    _quantiles("watchkeeper_prediction_latency_seconds", "model", _OF),
    unit="s",
    quiet=True,
)
_RUNS = Panel(
    "timeseries",
    "Retraining",
    "Runs that ended within the hour before, by what came of them.",
    [
        (
            f"sum by (model, outcome) (increase(watchkeeper_retrain_runs_total{_OF}[1h]))",
            "{{model}} {{outcome}}",
        )
    ],
)
_ACTUALS = Panel(
    "timeseries",
    "Actuals",
    "Actuals accepted a second: without them performance is only estimated.",
    [(_rate("watchkeeper_actuals_total", "model"), "{{model}}")],
    unit="reqps",
)
_REJECTED = Panel(
    "timeseries",
    "Rejected rows",
    "Rows a second that could not be read, by the part at fault.",
    [(_rate("watchkeeper_rows_rejected_total", "model, reason"), "{{model}} {{reason}}")],
    unit="reqps",
    quiet=True,
)


def _stat(
    title: str, description: str, expr: str, unit: str = "short", *, bad: bool = False
) -> Panel:
    return Panel("stat", title, description, [(expr, "")], unit, width=4, bad=bad)


_FLEET = (
    _stat(
        "Open incidents",
        "Incidents that are not resolved, of all chosen models.",
        f"sum(watchkeeper_incidents_open{_OF})",
        bad=True,
    ),
    _stat(
        "Alerting findings",
        "Findings of the newest windows that alert.",
        f"sum(watchkeeper_finding_alert{_OF})",
        bad=True,
    ),
    _stat(
        "Predictions",
        "Rows accepted a second, all versions together.",
        _rate("watchkeeper_predictions_total"),
        "reqps",
    ),
    _stat(
        "Actuals",
        "Actuals accepted a second.",
        _rate("watchkeeper_actuals_total"),
        "reqps",
    ),
    _stat(
        "Models",
        "Models that are watched.",
        "count(count by (model) (watchkeeper_incidents_open))",
    ),
    _stat("Service", "1 while /metrics can be read.", 'up{job="watchkeeper"}'),
    row("Which model needs somebody?"),
    _INCIDENTS,
    _FINDINGS,
    _KPIS,
    _CHAMPIONS,
    row("What comes in"),
    _TRAFFIC,
    _RUNS,
)
_MODEL = (
    row("How good are the answers?"),
    _KPIS,
    _CHAMPIONS,
    row("What has changed?"),
    _FINDINGS,
    _DRIFT,
    _QUALITY,
    _INCIDENTS,
    row("What comes in, and what is learned from it"),
    _TRAFFIC,
    _ACTUALS,
    _REJECTED,
    _RUNS,
    _LATENCY,
)
_INCIDENT = (
    row("What happened"),
    _INCIDENTS,
    _FINDINGS,
    row("Is the data bad, has it drifted, or has the concept?"),
    _QUALITY,
    _DRIFT,
    Panel(
        "timeseries",
        "Losses",
        "How wrong the answers are, as the streaming detectors see it.",
        [
            (
                "max by (model, method) "
                '(watchkeeper_finding_value{model=~"$model", detector="drift.concept"})',
                "{{model}} {{method}}",
            )
        ],
    ),
    Panel(
        "timeseries",
        "Rows unlike the reference",
        "The share of rows that are unlike those of the reference.",
        [
            (
                "max by (model, method) "
                '(watchkeeper_finding_value{model=~"$model", detector="anomaly.row"})',
                "{{model}} {{method}}",
            )
        ],
        unit="percentunit",
    ),
    row("What it does to the answers, and what was done about it"),
    _KPIS,
    _CHAMPIONS,
    _TRAFFIC,
    _RUNS,
)
_MONITOR = (
    row("Is everything taken in?"),
    Panel(
        "timeseries",
        "Taking rows in",
        "Seconds from the first byte of a body to the answer that its rows are on disk.",
        _quantiles("watchkeeper_ingest_seconds"),
        unit="s",
    ),
    Panel(
        "timeseries",
        "Writing the journal",
        "Seconds to write a group of bodies and to wait for the disk.",
        _quantiles("watchkeeper_journal_write_seconds"),
        unit="s",
    ),
    Panel(
        "timeseries",
        "Rows that wait",
        "Rows before the disk, and rows on disk that cannot be read yet.",
        [
            ("watchkeeper_ingest_queue_rows", "for the disk"),
            ("watchkeeper_fold_lag_rows", "to be folded"),
        ],
    ),
    Panel(
        "timeseries",
        "Fold lag",
        "Seconds since the oldest row arrived that cannot be read yet.",
        [("watchkeeper_fold_lag_seconds", "lag")],
        unit="s",
    ),
    row("Is everything looked at?"),
    Panel(
        "timeseries",
        "Time of the detectors",
        "Seconds a second that each detector computes.",
        [(_rate("watchkeeper_detector_seconds_sum", "detector", ""), "{{detector}}")],
        unit="s",
    ),
    Panel(
        "timeseries",
        "Detectors that failed",
        "Windows a detector could not look at, within the hour before.",
        [
            (
                "sum by (detector) (increase(watchkeeper_detector_failures_total[1h]))",
                "{{detector}}",
            )
        ],
        bad=True,
        quiet=True,
    ),
    row("What it takes"),
    Panel(
        "timeseries",
        "Memory",
        "Resident memory of the service.",
        [('process_resident_memory_bytes{job="watchkeeper"}', "resident")],
        unit="bytes",
    ),
    Panel(
        "timeseries",
        "CPU",
        "Processors that the service keeps busy.",
        [('rate(process_cpu_seconds_total{job="watchkeeper"}[$__rate_interval])', "busy")],
    ),
    Panel(
        "timeseries",
        "Journal",
        "Bytes of the journal that are not folded yet.",
        [("watchkeeper_journal_bytes", "journal")],
        unit="bytes",
    ),
    Panel(
        "timeseries",
        "Rows that clients dropped",
        "Rows that clients say they had to drop, within the hour before.",
        [
            (
                "sum by (model) (increase(watchkeeper_client_dropped_rows_total[1h]))",
                "{{model}}",
            )
        ],
        bad=True,
        quiet=True,
    ),
)

PANELS: Mapping[str, tuple[Panel, ...]] = {
    "overview": _FLEET,
    "model": _MODEL,
    "incident": _INCIDENT,
    "monitor": _MONITOR,
}
"""The panels of each board, by the name of its file."""


def boards() -> dict[str, dict[str, Any]]:
    """Every board, by the name of its file."""
    return {
        "overview": board(
            "watchkeeper-overview",
            "Watchkeeper: all models",
            "Every model that is watched, and which of them needs somebody.",
            _FLEET,
        ),
        "model": board(
            "watchkeeper-model",
            "Watchkeeper: one model",
            "How good a model's answers are, and what has changed around it.",
            _MODEL,
        ),
        "incident": board(
            "watchkeeper-incident",
            "Watchkeeper: one incident",
            "From the symptom to its likely cause: choose the model and the time of the incident.",
            _INCIDENT,
        ),
        "monitor": board(
            "watchkeeper-monitor",
            "Watchkeeper: the monitor itself",
            "Whether the service takes everything in, and looks at it.",
            _MONITOR,
            model=False,
        ),
    }
