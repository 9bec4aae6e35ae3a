"""Starts a service of its own for a command that needs one, and stops it again."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitor.cli.connection import ServiceError

_STOP_SECONDS = 30


@contextmanager
def own_service(data_dir: Path) -> Iterator[str]:
    """The address of a service on a free port of this machine.

    Raises ServiceError if it does not start.
    """
    log = data_dir / "service.log"
    command = [sys.executable, "-m", "monitor.cli", "serve", "--port", "0"]
    with log.open("w") as errors:
        process = subprocess.Popen(
            [*command, "--data-dir", str(data_dir), "--log-level", "warning"],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        yield _address(process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def _address(process: "subprocess.Popen[str]", log: Path) -> str:
    """The first line that the service prints names its address."""
    line = process.stdout.readline() if process.stdout else ""
    if "http://" not in line:
        process.wait(_STOP_SECONDS)
        raise ServiceError(f"the service did not start: {log.read_text()[-500:]}")
    return line[line.index("http://") :].strip()
