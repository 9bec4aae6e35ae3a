"""Grafana's boards: the fleet, one model, one incident, and the monitor itself."""

from collections.abc import Mapping
from typing import Any

from monitor.dashboards.monitor_board import MONITOR
from monitor.dashboards.panels import Panel, board, row
from monitor.dashboards.shown import (
    ACTUALS,
    CHAMPIONS,
    DRIFT,
    FINDINGS,
    INCIDENTS,
    KPIS,
    LATENCY,
    OF,
    QUALITY,
    REJECTED,
    RUNS,
    TRAFFIC,
    rate,
    stat,
)

_FLEET = (
    stat(
        "Open incidents",
        "Incidents that are not resolved, of all chosen models.",
        f"sum(watchkeeper_incidents_open{OF})",
        bad=True,
    ),
    stat(
        "Alerting findings",
        "Findings of the newest windows that alert.",
        f"sum(watchkeeper_finding_alert{OF})",
        bad=True,
    ),
    stat(
        "Predictions",
        "Rows accepted a second, all versions together.",
        rate("watchkeeper_predictions_total"),
        "reqps",
    ),
    stat(
        "Actuals",
        "Actuals accepted a second.",
        rate("watchkeeper_actuals_total"),
        "reqps",
    ),
    stat(
        "Models",
        "Models that are watched.",
        "count(count by (model) (watchkeeper_incidents_open))",
    ),
    stat("Service", "1 while /metrics can be read.", 'up{job="watchkeeper"}'),
    row("Which model needs somebody?"),
    INCIDENTS,
    FINDINGS,
    KPIS,
    CHAMPIONS,
    row("What comes in"),
    TRAFFIC,
    RUNS,
)
_MODEL = (
    row("How good are the answers?"),
    KPIS,
    CHAMPIONS,
    row("What has changed?"),
    FINDINGS,
    DRIFT,
    QUALITY,
    INCIDENTS,
    row("What comes in, and what is learned from it"),
    TRAFFIC,
    ACTUALS,
    REJECTED,
    RUNS,
    LATENCY,
)
_INCIDENT = (
    row("What happened"),
    INCIDENTS,
    FINDINGS,
    row("Is the data bad, has it drifted, or has the concept?"),
    QUALITY,
    DRIFT,
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
    KPIS,
    CHAMPIONS,
    TRAFFIC,
    RUNS,
)
PANELS: Mapping[str, tuple[Panel, ...]] = {
    "overview": _FLEET,
    "model": _MODEL,
    "incident": _INCIDENT,
    "monitor": MONITOR,
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
            MONITOR,
            model=False,
        ),
    }
