"""The panels that boards share, and how they ask."""

from monitor.dashboards.panels import Panel

OF = '{model=~"$model"}'
_ALERTING = (
    f"watchkeeper_finding_value{OF} "
    "and on (model, detector, feature, segment, method) (watchkeeper_finding_alert == 1)"
)


def rate(metric: str, by: str = "", of: str = OF) -> str:
    grouped = f" by ({by}) " if by else ""
    return f"sum{grouped}(rate({metric}{of}[$__rate_interval]))"


def _quantile(share: float, metric: str, by: str = "", of: str = "") -> str:
    groups = f"{by}, le" if by else "le"
    rate = f"rate({metric}_bucket{of}[$__rate_interval])"
    return f"histogram_quantile({share}, sum by ({groups}) ({rate}))"


def quantiles(metric: str, by: str = "", of: str = "") -> list[tuple[str, str]]:
    name = f"{{{{{by}}}}} " if by else ""
    return [
        (_quantile(0.5, metric, by, of), f"{name}half"),
        (_quantile(0.99, metric, by, of), f"{name}99 of 100"),
    ]


KPIS = Panel(
    "timeseries",
    "KPIs",
    "Each KPI of the newest window: realized with actuals, estimated before they come.",
    [(f"watchkeeper_performance{OF}", "{{model}} {{metric}} {{kind}}")],
    width=16,
)
CHAMPIONS = Panel(
    "table",
    "Champions",
    "The version of each model that answers now.",
    [(f"watchkeeper_champion_info{OF}", "")],
    width=8,
    quiet=True,
)
FINDINGS = Panel(
    "table",
    "Alerting findings",
    "What each detector measured that alerts in the newest window.",
    [(_ALERTING, "")],
    quiet=True,
)
DRIFT = Panel(
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
QUALITY = Panel(
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
INCIDENTS = Panel(
    "timeseries",
    "Open incidents",
    "Incidents that are not resolved, by severity.",
    [
        (
            f"sum by (model, severity) (watchkeeper_incidents_open{OF})",
            "{{model}} {{severity}}",
        )
    ],
)
TRAFFIC = Panel(
    "timeseries",
    "Predictions by version",
    "Rows accepted a second, by the version that answered.",
    [(rate("watchkeeper_predictions_total", "model, version"), "{{model}} {{version}}")],
    unit="reqps",
)
LATENCY = Panel(
    "timeseries",
    "Latency of the champion",
    "Seconds that a champion takes to answer one call of the predict route.",
    quantiles("watchkeeper_prediction_latency_seconds", "model", OF),
    unit="s",
    quiet=True,
)
RUNS = Panel(
    "timeseries",
    "Retraining",
    "Runs that ended within the hour before, by what came of them.",
    [
        (
            f"sum by (model, outcome) (increase(watchkeeper_retrain_runs_total{OF}[1h]))",
            "{{model}} {{outcome}}",
        )
    ],
)
ACTUALS = Panel(
    "timeseries",
    "Actuals",
    "Actuals accepted a second: without them performance is only estimated.",
    [(rate("watchkeeper_actuals_total", "model"), "{{model}}")],
    unit="reqps",
)
REJECTED = Panel(
    "timeseries",
    "Rejected rows",
    "Rows a second that could not be read, by the part at fault.",
    [(rate("watchkeeper_rows_rejected_total", "model, reason"), "{{model}} {{reason}}")],
    unit="reqps",
    quiet=True,
)


def stat(
    title: str, description: str, expr: str, unit: str = "short", *, bad: bool = False
) -> Panel:
    return Panel("stat", title, description, [(expr, "")], unit, width=4, bad=bad)
