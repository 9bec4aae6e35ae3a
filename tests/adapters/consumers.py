"""Programs that follow a stream, started and ended by a test, and what they carry."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager


@contextmanager
def consumers(folder, *command):
    """Starts programs of one command with further flags, and ends those that are left."""
    started = []

    def start(*flags):
        path = folder / f"consumer{len(started)}.log"
        log = path.open("w")
        process = subprocess.Popen(
            [sys.executable, "-m", *command, *flags], stderr=log, stdout=log, env=dict(os.environ)
        )
        started.append((process, log))
        process.said = path.read_text
        return process

    try:
        yield start
    finally:
        for process, log in started:
            if process.poll() is None:
                process.kill()
            process.wait(20)
            log.close()


def row(number, **parts):
    return json.dumps({"features": {"age": number}, "prediction": number % 2} | parts).encode()


def rows_of(service, model):
    return service.ask("GET", f"/v1/models/{model}/profile")["rows"]


def stop(process):
    process.send_signal(signal.SIGTERM)
    return process.wait(30)
