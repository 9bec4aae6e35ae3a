"""How fast rows are taken in over HTTP, beside what bounds it, all in one run: `make bench`.

Every answer counted here means that its rows are on disk. Load and service share the machine, so
the figures to trust are the ratios, and the rows a second of server CPU, which the operating
system counts.
"""

import os
import random
import statistics
import tempfile
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import click
import httpx
import psutil
from bodies import FORMS
from ceiling import loop, null_server
from load import Sender, Work, sender

from monitor.cli.service import own_service


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of work, and its bars (rows/s to the answer, rows/s a core until readable)."""

    form: str
    size: int
    connections: int
    requests: int
    acknowledged: float | None = None
    visible: float | None = None
    ceiling: float | None = None


CASES = (
    Case("JSON", 1, 64, 12_000, 5_000, None, 0.45),
    Case("JSON", 100, 8, 1_500),
    Case("JSON", 1_000, 4, 300, 150_000, 70_000, 0.50),
    Case("Arrow", 1_000, 4, 800, 500_000, 200_000, 0.40),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What one run of a case gave."""

    acknowledged: float
    visible: float
    ceiling: float
    p50: float
    p99: float


class Bench:
    """Runs cases against one service."""

    def __init__(self, url: str, null: str, process: psutil.Process, send: Sender) -> None:
        self._url = url
        self._null = null
        self._process = process
        self._send = send
        self._seed = 0

    def run(self, case: Case, requests: int, directory: Path) -> Result:
        """One run of a case, and of its ceiling right after it."""
        self._seed += 1
        work = Work(case.form, case.size, case.connections, requests, self._seed)
        self._send.prepare(work)
        before = self._cpu()
        sent = self._send.send(f"{self._url}/v1/models/bench/predictions")
        wait_visible(self._url)
        cpu = self._cpu() - before
        cuts = statistics.quantiles(sent.taken, n=100, method="inclusive")
        return Result(
            sent.accepted / sent.seconds,
            sent.accepted / cpu,
            self._ceiling(work, directory),
            1000 * cuts[49],
            1000 * cuts[98],
        )

    def _ceiling(self, work: Work, directory: Path) -> float:
        """Rows/s of the same work with nothing done but what cannot be left out."""
        if work.size == 1:
            self._send.prepare(work)
            return work.requests / self._send.send(self._null).seconds
        made = FORMS[work.form].bodies(work.size, random.Random(work.seed))
        bodies = list(islice(made, min(work.requests, 200)))
        return len(bodies) * work.size / loop(work.form, bodies, directory)

    def _cpu(self) -> float:
        times = self._process.cpu_times()
        return times.user + times.system


def wait_visible(url: str) -> None:
    """Return when all that was acknowledged can be read."""
    while "\nwatchkeeper_fold_lag_rows 0.0\n" not in httpx.get(f"{url}/metrics", timeout=60).text:
        time.sleep(0.2)


def line(case: Case, results: list[Result]) -> str:
    """Medians of a case beside its bars."""

    def median(name: str) -> float:
        return statistics.median(getattr(r, name) for r in results)

    ratio = statistics.median(r.acknowledged / r.ceiling for r in results)
    return (
        f"{case.form + f' x {case.size:,}':<14}{case.connections:>4}"
        f"{median('acknowledged'):>12,.0f}{_bar(case.acknowledged)}"
        f"{median('visible'):>11,.0f}{_bar(case.visible)}"
        f"{median('ceiling'):>11,.0f}{ratio:>7.0%}{_bar(case.ceiling, '.0%')}"
        f"{median('p50'):>8.1f}{median('p99'):>8.1f}"
    )


def _bar(value: float | None, style: str = ",.0f") -> str:
    return f"{'' if value is None else f'({value:{style}})':>10}"


@click.command()
@click.option("--scale", default=1.0, show_default=True, help="Multiplies the requests.")
@click.option("--runs", default=5, show_default=True, help="Runs of each case; medians count.")
@click.option("--only", default="", help="Only cases whose name holds this, such as 'Arrow'.")
def main(scale: float, runs: int, only: str) -> None:
    """Print rows a second, case by case, with bars in brackets.

    Example: make bench ARGS="--scale 0.2 --runs 3"
    """
    with (
        tempfile.TemporaryDirectory(prefix="watchkeeper-bench-") as name,
        own_service(Path(name)) as url,
        null_server() as null,
        sender() as send,
    ):
        httpx.put(f"{url}/v1/models/bench", json={"task": "binary"}).raise_for_status()
        port = int(url.rpartition(":")[2])
        bench = Bench(url, null, listener(port), send)
        put_reference(url)
        click.echo(
            f"{'rows a request':<14}{'conn':>4}{'acked/s':>12}{'':>10}{'visible/core':>11}{'':>10}"
            f"{'ceiling/s':>11}{'ratio':>7}{'':>10}{'p50 ms':>8}{'p99 ms':>8}"
        )
        for case in CASES:
            if only and only not in f"{case.form} x {case.size} ":
                continue
            count = max(case.connections, round(case.requests * scale))
            results = [bench.run(case, count, Path(name)) for _ in range(runs)]
            click.echo(line(case, results))


def put_reference(url: str) -> None:
    """Rows that count as normal: from then on every row is binned as it is folded."""
    form = FORMS["Arrow"]
    body = next(form.bodies(10_000, random.Random(0)))
    answer = httpx.put(
        f"{url}/v1/models/bench/reference",
        content=body,
        headers={"content-type": form.media_type},
        timeout=120,
    )
    answer.raise_for_status()


def listener(port: int) -> psutil.Process:
    """The process of ours that listens on a port."""
    for child in psutil.Process(os.getpid()).children():
        if any(c.laddr.port == port and c.status == "LISTEN" for c in child.net_connections()):
            return child
    raise RuntimeError(f"no child of this process listens on {port}")


if __name__ == "__main__":
    main()
