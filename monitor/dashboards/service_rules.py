"""Alerts about the service itself: what it cannot say, because it is gone, full or slow."""

from monitor.dashboards.rule import SERVICE, Rule, newly

SERVICE_RULES: tuple[Rule, ...] = (
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
        newly("watchkeeper_detector_failures_total", "detector", "1h"),
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
)
