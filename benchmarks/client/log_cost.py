"""Measures what log() costs its caller, as a ratio to a bare copy of the same dict in the same run.

    python benchmarks/client/log_cost.py [--rounds 5] [--calls 2000]

The server is a socket that nobody reads from, so that nothing but the client is measured; its
thread is idle while the calls are timed. Prints medians over the rounds, and beside them what
others' clients were measured to cost (quoted: another machine, so a hint of the size and no more).
Exits 1 if the median call takes 20 µs or more.
"""

import argparse
import logging
import socket
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

from watchkeeper import Client, Limits

# ruff: noqa: T201 - a measurement prints

BAR_MICROSECONDS = 20.0
PEERS = {
    "Azure collector": "17-28",
    "BentoML monitor": "94-139",
    "Arize": "253-293",
    "whylogs": "826-1,093",
}
"""Median microseconds in the caller, as METHODS, section 1, quotes them."""
ROW: dict[str, object] = {f"x{i}": i * 1.5 for i in range(15)} | {
    "city": "Sydney",
    "gender": "Female",
    "known": True,
    "count": 3,
    "missing": None,
}


def median_microseconds(call: Callable[[], object], calls: int) -> tuple[float, float]:
    """Median and 99th percentile of single calls."""
    times = []
    for _ in range(calls):
        start = time.perf_counter_ns()
        call()
        times.append((time.perf_counter_ns() - start) / 1000)
    times.sort()
    return times[calls // 2], times[calls * 99 // 100]


def measure(url: str, rounds: int, calls: int) -> bool:
    """Print the table; whether the bar was met."""
    limits = Limits(ring_rows=calls * 4, batch_rows=calls * 4, linger=60.0, spool_bytes=0)
    copied, logged, actual = [], [], []
    for _ in range(rounds):
        client = Client(url, "bench", limits=limits, sigterm=False, timeout=0.1)
        copied.append(median_microseconds(partial(dict, ROW), calls))
        logged.append(median_microseconds(partial(client.log, ROW, 1, score=0.5), calls))
        actual.append(median_microseconds(partial(client.actual, "a1", 1), calls))
        if client.counters.dropped:
            raise SystemExit("rows were dropped: this was no fair run")
        client.close(timeout=0.0)
    base = statistics.median(median for median, _ in copied)
    print(f"{'call (20 features)':<22}{'median µs':>10}{'p99 µs':>10}{'ratio':>8}")
    for name, results in (("dict(row)", copied), ("log()", logged), ("actual()", actual)):
        middle = statistics.median(median for median, _ in results)
        high = statistics.median(tail for _, tail in results)
        print(f"{name:<22}{middle:>10.2f}{high:>10.2f}{middle / base:>8.1f}")
    for name, quoted in PEERS.items():
        print(f"{name:<22}{quoted:>10}  (quoted)")
    return statistics.median(median for median, _ in logged) < BAR_MICROSECONDS


def main() -> int:
    """The status to exit with."""
    parser = argparse.ArgumentParser(description="What log() costs its caller.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=2000)
    options = parser.parse_args()
    logging.disable()  # that rows are dropped at the end is on purpose
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        return 0 if measure(url, options.rounds, options.calls) else 1


if __name__ == "__main__":
    sys.exit(main())
