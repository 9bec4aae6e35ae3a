"""What becomes of speed, disk and memory while a model's table grows: `make bench-growth`.

Pushes Arrow bodies of 1,000 rows as fast as they are taken, waiting as the service asks when
it is behind, and measures the same work again and again: rows a second of wall time and of server
CPU until they can be read, at 100,000 stored rows and at every million. At the end the size of the
data directory once all is folded and checkpointed, against zstd Parquet of the same rows.
Exits 1 if a bar of issue 3 is missed.
"""

import random
import statistics
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import click
import httpx
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from bodies import FORMS
from load import Sender, Work, sender
from rows import listener, put_reference, wait_visible

from monitor.cli.service import own_service

SIZE = 1_000
CONNECTIONS = 4
SPEED_BAR = 0.9
DISK_BAR = 1.5
MEMORY_BAR = 1 << 30
_STEP = 2_000_000


def parquet_bytes(sample: int, directory: Path) -> float:
    """Bytes a row of such rows as zstd Parquet, measured on a sample of bodies."""
    tables = []
    for body in islice(FORMS["Arrow"].bodies(SIZE, random.Random(-1)), sample):
        with pa.ipc.open_stream(body) as reader:
            tables.append(reader.read_all())
    file = directory / "rows.parquet"
    pq.write_table(pa.concat_tables(tables), file, compression="zstd")
    return file.stat().st_size / (sample * SIZE)


def data_bytes(directory: Path) -> int:
    """Bytes of the database and what is left of the journal."""
    return sum(f.stat().st_size for f in directory.rglob("*") if f.is_file())


class Growth:
    """Pushes rows at one service and says what a stretch of them cost."""

    def __init__(self, url: str, process: psutil.Process, send: Sender) -> None:
        self._url = url
        self._process = process
        self._send = send
        self._seed = 0
        self.peak = 0
        self.rows = 0

    def push(self, rows: int) -> tuple[float, float]:
        """Rows a second of wall time and of server CPU until they can be read."""
        self._seed += 1
        self._send.prepare(Work("Arrow", SIZE, CONNECTIONS, rows // SIZE, self._seed))
        before, began = sum(self._process.cpu_times()[:2]), time.perf_counter()
        sent = self._send.send(f"{self._url}/v1/models/bench/predictions")
        wait_visible(self._url)
        seconds = time.perf_counter() - began
        cpu = sum(self._process.cpu_times()[:2]) - before
        self.peak = max(self.peak, peak_bytes(self._process))
        self.rows += sent.accepted
        return sent.accepted / seconds, sent.accepted / cpu


def peak_bytes(process: psutil.Process) -> int:
    """The most memory that a process has held, as Linux counts it."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the system does not say how much memory a process had")


@click.command()
@click.option("--rows", default=10_000_000, show_default=True, help="Rows in the end.")
def main(rows: int) -> None:
    """Print speed at sizes, then disk and memory.

    Example: python benchmarks/ingest/growth.py --rows 2000000
    """
    with tempfile.TemporaryDirectory(prefix="watchkeeper-bench-") as name:
        directory = Path(name) / "data"
        directory.mkdir()
        with own_service(directory) as url, sender() as send:
            httpx.put(f"{url}/v1/models/bench", json={"task": "binary"}).raise_for_status()
            put_reference(url)
            growth = Growth(url, listener(int(url.rpartition(":")[2])), send)
            speeds = _grow(growth, rows)
        whole = data_bytes(directory) / growth.rows
        packed = parquet_bytes(200, Path(name))
    ratio = speeds[-1] / speeds[0]
    click.echo(f"speed at {growth.rows:,} against 100,000 rows: {ratio:.2f} (bar {SPEED_BAR})")
    click.echo(
        f"disk: {whole:.0f} bytes a row, zstd Parquet {packed:.0f}: "
        f"{whole / packed:.2f} times (bar {DISK_BAR})"
    )
    click.echo(f"memory: {growth.peak / (1 << 20):,.0f} MiB at most (bar {MEMORY_BAR >> 20:,})")
    held = ratio >= SPEED_BAR and whole <= DISK_BAR * packed and growth.peak < MEMORY_BAR
    sys.exit(0 if held else 1)


def _grow(growth: Growth, rows: int) -> list[float]:
    """Rows a second of server CPU: the next two million rows at 100,000, then at each two more.

    A stretch of two million holds a checkpoint or two, which a shorter one may happen to miss.
    """
    growth.push(100_000)
    speeds, stored = [], 100_000
    while stored < rows:
        parts = [growth.push(_STEP // 4) for _ in range(4)]
        wall, cpu = (statistics.harmonic_mean([p[i] for p in parts]) for i in (0, 1))
        speeds.append(cpu)
        click.echo(
            f"{stored:>12,} rows and {_STEP:,} more: {wall:>9,.0f} rows/s, {cpu:>9,.0f} a core, "
            f"at most {growth.peak / (1 << 20):,.0f} MiB"
        )
        stored += _STEP
    return speeds


if __name__ == "__main__":
    main()
