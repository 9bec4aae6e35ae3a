"""A process that has the libraries loaded and forks services: a start costs a tenth of one.

They are real services all the same, in processes of their own, and may be killed at any instant.
Run as a program this is the nursery itself; it does one thing at a time, as a line of JSON says.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL, SIGTERM

import httpx


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Child:
    """A service on a port that was chosen before."""

    def __init__(self, nursery: "Nursery", pid: int, port: int, log: Path) -> None:
        self._nursery = nursery
        self.pid = pid
        self.url = f"http://127.0.0.1:{port}"
        self.log = log

    def kill(self) -> None:
        """kill -9."""
        os.kill(self.pid, SIGKILL)
        self.wait()

    def stop(self) -> int:
        """SIGTERM; the answer is the exit code."""
        os.kill(self.pid, SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """The exit code."""
        return self._nursery.ask(wait=self.pid)

    def ready(self, seconds: float = 60) -> "Child":
        """The same, once it has folded what an earlier one acknowledged."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200:
                    return self
            except httpx.HTTPError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"not ready; it said {self.log.read_text()[-2000:]}")

    def ask(self, method: str, path: str, expect: int = 200, **options: object):
        """The JSON of an answer with the status that is expected."""
        answer = httpx.request(method, self.url + path, timeout=60, **options)
        assert answer.status_code == expect, answer.text
        return answer.json() if answer.content else None

    def number(self, metric: str) -> float:
        """The sum of a metric over its labels."""
        lines = httpx.get(f"{self.url}/metrics", timeout=60).text.splitlines()
        return sum(float(x.rpartition(" ")[2]) for x in lines if x.partition("{")[0] == metric)


class Nursery:
    """Starts services. `sizes` are those of `open_store`: bytes of a segment, of the log."""

    def __init__(self, environment: Mapping[str, str] = {}, **sizes: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, json.dumps(sizes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        self.pids = [self._process.pid]

    def ask(self, **order: object) -> int:
        """Have it do something."""
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def start(self, data_dir: Path, port: int, log: Path | None = None) -> Child:
        """A service that begins now; the log of all with the same directory is one file."""
        log = log or data_dir.with_name(f"{data_dir.name}.log")
        arguments = ["serve", "--port", str(port), "--data-dir", str(data_dir)]
        pid = self.ask(serve=arguments, log=str(log))
        self.pids.append(pid)
        return Child(self, pid, port, log)

    def close(self) -> None:
        """End it, and whatever it has not been told to end."""
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


@contextmanager
def nursery(environment: Mapping[str, str] = {}, **sizes: int) -> Iterator[Nursery]:
    """One that ends with everything in it."""
    opened = Nursery(environment, **sizes)
    try:
        yield opened
    finally:
        opened.close()


def _serve(arguments: Sequence[str], log: str) -> int:
    """Fork; the child becomes a service and the parent answers its process id."""
    if pid := os.fork():
        return pid
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(said, 1)
    os.dup2(said, 2)
    try:
        from monitor.cli import run, watchkeeper

        code = run(lambda **how: watchkeeper.main(list(arguments), **how))
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 70
    sys.stderr.flush()
    os._exit(code)


def _work(sizes: Mapping[str, int]) -> None:
    from functools import partial

    import uvicorn.protocols.http.auto  # noqa: F401

    from monitor import app
    from monitor.cli import front  # noqa: F401

    app.open_store = partial(app.open_store, **sizes)
    children: set[int] = set()
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            children.discard(order["wait"])
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = _serve(order["serve"], order["log"])
            children.add(answer)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
    for pid in children:
        os.kill(pid, SIGKILL)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    _work(json.loads(sys.argv[1]))
