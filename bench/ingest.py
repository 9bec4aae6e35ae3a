"""How fast rows are taken in over HTTP, on this machine, by a service that it starts: `make bench`.

Every answer counted here means that its rows are on disk. Load and service share the machine.
"""

import asyncio
import json
import random
import statistics
import tempfile
import time
from pathlib import Path

import click
import httpx
import pyarrow as pa

from monitor.cli.service import own_service

ROUTE = "/v1/models/bench/predictions"
FEATURES = 20
JSON = "application/json"
ARROW = "application/vnd.apache.arrow.stream"


def rows(count: int, rng: random.Random) -> list[dict[str, object]]:
    """Predictions of 20 features: 14 numbers, 6 categories."""
    return [
        {
            "prediction_id": f"{rng.getrandbits(96):024x}",
            "features": {f"n{i}": rng.gauss(0, 1) for i in range(14)}
            | {f"c{i}": rng.choice("abcdefgh") for i in range(FEATURES - 14)},
            "prediction": rng.randint(0, 1),
            "score": rng.random(),
        }
        for _ in range(count)
    ]


def as_json(batch: list[dict[str, object]]) -> tuple[str, bytes]:
    """A body and its media type."""
    return JSON, json.dumps(batch).encode()


def as_arrow(batch: list[dict[str, object]]) -> tuple[str, bytes]:
    """A body and its media type."""
    record = pa.RecordBatch.from_pylist(batch)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, record.schema) as writer:
        writer.write_batch(record)
    return ARROW, bytes(sink.getvalue())


CASES = {
    "one row a request, JSON, 64 connections": (as_json, 1, 64, 3000),
    "100 rows a request, JSON, 8 connections": (as_json, 100, 8, 300),
    "1,000 rows a request, JSON, 4 connections": (as_json, 1000, 4, 60),
    "1,000 rows a request, Arrow, 4 connections": (as_arrow, 1000, 4, 60),
}


async def measure(
    url: str, bodies: list[tuple[str, bytes]], connections: int
) -> tuple[float, list[float], int]:
    """Send all bodies over so many connections: seconds in all, seconds of each, rows accepted."""
    waiting = list(reversed(bodies))
    taken: list[float] = []
    accepted = 0

    async def send(client: httpx.AsyncClient) -> None:
        nonlocal accepted
        while waiting:
            kind, body = waiting.pop()
            began = time.perf_counter()
            answer = await client.post(ROUTE, content=body, headers={"Content-Type": kind})
            taken.append(time.perf_counter() - began)
            answer.raise_for_status()
            accepted += answer.json()["accepted"]

    limits = httpx.Limits(max_connections=connections)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as client:
        began = time.perf_counter()
        await asyncio.gather(*(send(client) for _ in range(connections)))
        return time.perf_counter() - began, taken, accepted


@click.command()
@click.option(
    "--scale", default=1.0, show_default=True, help="Multiplies the requests of each case."
)
def main(scale: float) -> None:
    """Print rows per second and the latency of requests, case by case.

    Example: make bench ARGS="--scale 0.2"
    """
    rng = random.Random(1)
    with (
        tempfile.TemporaryDirectory(prefix="watchkeeper-bench-") as directory,
        own_service(Path(directory)) as url,
    ):
        httpx.put(f"{url}/v1/models/bench", json={"task": "binary"}).raise_for_status()
        for name, (encode, size, connections, requests) in CASES.items():
            count = max(connections, round(requests * scale))
            bodies = [encode(rows(size, rng)) for _ in range(count)]
            seconds, taken, accepted = asyncio.run(measure(url, bodies, connections))
            click.echo(line(name, seconds, taken, accepted))


def line(name: str, seconds: float, taken: list[float], accepted: int) -> str:
    """What one case gave."""
    cuts = statistics.quantiles(taken, n=100, method="inclusive")
    return (
        f"{name:<45} {accepted / seconds:>9,.0f} rows/s"
        f"   p50 {1000 * cuts[49]:>7.1f} ms   p99 {1000 * cuts[98]:>7.1f} ms"
    )


if __name__ == "__main__":
    main()
