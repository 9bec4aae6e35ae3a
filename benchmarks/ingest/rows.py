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
from urllib.parse import urlsplit

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
    """Send all bodies over so many connections: seconds in all, seconds of each, rows accepted.

    Speaks HTTP by hand: with one row a request, a client library costs more than the service.
    """
    address = urlsplit(url)
    waiting = list(reversed(bodies))
    taken: list[float] = []
    accepted = 0

    async def send() -> None:
        nonlocal accepted
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        while waiting:
            kind, body = waiting.pop()
            began = time.perf_counter()
            writer.write(head(kind, len(body)) + body)
            done = await answer(reader)
            taken.append(time.perf_counter() - began)
            accepted += done["accepted"]
        writer.close()
        await writer.wait_closed()

    began = time.perf_counter()
    await asyncio.gather(*(send() for _ in range(connections)))
    return time.perf_counter() - began, taken, accepted


def head(kind: str, length: int) -> bytes:
    """The head of a request."""
    return (
        f"POST {ROUTE} HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


async def answer(reader: asyncio.StreamReader) -> dict[str, int]:
    """The body of the next answer. Raises RuntimeError if its status is not 200."""
    first, *fields = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
    length = next(int(f.split(":")[1]) for f in fields if f.startswith("content-length:"))
    body: dict[str, int] = json.loads(await reader.readexactly(length))
    if first.split()[1] != "200":
        raise RuntimeError(f"{first}: {body}")
    return body


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
