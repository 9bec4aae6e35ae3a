"""The panels of the board about the monitor itself."""

from monitor.dashboards.panels import Panel, row
from monitor.dashboards.shown import quantiles, rate

MONITOR = (
    row("Is everything taken in?"),
    Panel(
        "timeseries",
        "Taking rows in",
        "Seconds from the first byte of a body to the answer that its rows are on disk.",
        quantiles("watchkeeper_ingest_seconds"),
        unit="s",
    ),
    Panel(
        "timeseries",
        "Writing the journal",
        "Seconds to write a group of bodies and to wait for the disk.",
        quantiles("watchkeeper_journal_write_seconds"),
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
        [(rate("watchkeeper_detector_seconds_sum", "detector", ""), "{{detector}}")],
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
