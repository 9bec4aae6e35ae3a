"""What bounds the service from above on this machine: the least that the same work can cost.

A plain loop decodes the same bodies, appends them to a file and waits for the disk, with nothing
else done; and a handler that only reads a body and answers runs on the same HTTP server.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pyarrow as pa
from starlette.types import Receive, Scope, Send

_ANSWER = b'{"accepted":1,"duplicates":0,"rejected":[]}'


def loop(form: str, bodies: Sequence[bytes], directory: Path) -> float:
    """Seconds for the bodies: decode, write, fdatasync, one after the other."""
    decode = msgspec.json.decode if form == "JSON" else _read_arrow
    with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
        began = time.perf_counter()
        for body in bodies:
            decode(body)
            file.write(body)
            os.fdatasync(file.fileno())
        return time.perf_counter() - began


def _read_arrow(body: bytes) -> pa.Table:
    with pa.ipc.open_stream(body) as reader:
        return reader.read_all()


async def null(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the body, answer what the service would."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    while (await receive()).get("more_body"):
        pass
    head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_ANSWER))]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": _ANSWER})


@contextmanager
def null_server() -> Iterator[str]:
    """The address of a server that runs nothing but `null`, on uvicorn as the service does."""
    process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def _serve() -> None:
    import socket  # noqa: PLC0415  only the process that serves needs these

    import uvicorn  # noqa: PLC0415

    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)  # noqa: T201
        server = uvicorn.Server(uvicorn.Config(null, log_config=None, access_log=False))
        server.run(sockets=[listener])


if __name__ == "__main__":
    _serve()
