"""A real service in a process of its own, for tests that need one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

_SERVE = (sys.executable, "-m", "monitor.cli", "serve", "--port", "0")


class Service:
    """One `watchkeeper serve` on a free port."""

    def __init__(self, data_dir: Path, *flags: str, environment: Mapping[str, str] = {}) -> None:
        self.data_dir = data_dir
        self._log = (data_dir.parent / f"{data_dir.name}.log").open("ab")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("WATCHKEEPER_")}
        self.process = subprocess.Popen(
            [*_SERVE, *flags, "--data-dir", str(data_dir)],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=inherited | dict(environment),
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.url = line[line.index("http://") :].strip() if "http://" in line else ""
        self.http = httpx.Client(base_url=self.url, timeout=60)
        if not self.url:
            self._gone()
            raise AssertionError(self.log)

    @property
    def log(self) -> str:
        """What it has said on stderr."""
        return Path(self._log.name).read_text()

    def ask(self, method: str, path: str, expect: int = 200, **options: object):
        """The JSON of an answer with the status that is expected."""
        answer = self.http.request(method, path, **options)
        assert answer.status_code == expect, answer.text
        return answer.json() if answer.content else None

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self._gone()

    def stop(self) -> int:
        """SIGTERM; the answer is the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self._gone()

    def _gone(self) -> int:
        code = self.process.wait(60)
        self.http.close()
        self._log.close()
        if self.process.stdout:
            self.process.stdout.close()
        return code


@contextmanager
def running(data_dir: Path, *flags: str, **options) -> Iterator[Service]:
    """A service that is stopped at the end, however that comes."""
    service = Service(data_dir, *flags, **options)
    try:
        yield service
    finally:
        if service.process.poll() is None:
            service.stop()


def eventually(look, seconds: float = 60.0):
    """What `look` gives as soon as it gives something true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"still {look()!r} after {seconds} s")
