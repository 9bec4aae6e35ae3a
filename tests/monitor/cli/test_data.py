"""`log` and `actuals` against a real service, and against one that is full, away or stopped."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.cli import run
from monitor.cli.data import actuals, log


def called(command, *arguments):
    return run(lambda **options: command.main([str(a) for a in arguments], **options))


def table(tmp_path, rows=50, name="rows.parquet"):
    numbers = list(range(rows))
    columns = {"age": numbers, "prediction": [n % 2 for n in numbers], "actual": [1] * rows}
    file = tmp_path / name
    pq.write_table(pa.table(columns), file)
    return file


def profile(service, model):
    return service.ask("GET", f"/v1/models/{model}/profile")


def test_a_file_that_is_sent_again_doubles_nothing(service, model, tmp_path, capsys):
    file = table(tmp_path)
    command = ["--model", model, "--url", service.url, f"{tmp_path}/*.parquet"]

    assert called(log, *command) == 0
    assert called(log, *command) == 0
    assert called(actuals, *command) == 0

    said = capsys.readouterr().out.splitlines()
    assert said == [
        "50 rows, 0 sent before, 0 rejected",
        "0 rows, 50 sent before, 0 rejected",
        "50 rows, 0 sent before, 0 rejected",
    ]
    assert profile(service, model)["rows"] == 50
    stored = service.ask("GET", f"/v1/models/{model}/predictions")["items"]
    assert {row["actual"] for row in stored} == {1}
    assert all(row["features"].keys() == {"age"} for row in stored)
    assert file.exists()


def test_rejected_rows_are_shown_with_their_line_and_then_counted(service, model, tmp_path, capsys):
    lines = [json.dumps({"timestamp": "soon", "age": n}) for n in range(12)]
    file = tmp_path / "rows.ndjson"
    file.write_text("\n".join(['{"age": 1}', *lines, "{"]))

    assert called(log, "--model", model, "--url", service.url, file) == 1

    shown = capsys.readouterr()
    assert shown.out == "1 rows, 0 sent before, 13 rejected (row 1, timestamp 12)\n"
    named = [line for line in shown.err.splitlines() if line.startswith("rows.ndjson:")]
    assert len(named) == 10
    assert named[0].startswith("rows.ndjson:2: timestamp: 'soon'")
    assert "counted only" in shown.err


def test_names_of_columns_can_be_given(service, model, tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("key,p,when,age\na,0.25,2026-03-01T12:00:00Z,41\n")
    maps = ["prediction_id=key", "score=p", "timestamp=when"]
    options = [part for text in maps for part in ("--map", text)]

    assert called(log, "--model", model, "--url", service.url, *options, file) == 0

    (row,) = service.ask("GET", f"/v1/models/{model}/predictions?ids=a")["items"]
    assert (row["score"], row["features"]) == (0.25, {"age": 41})
    assert row["timestamp"] == "2026-03-01T12:00:00Z"


def test_wrong_usage_is_2_and_what_the_service_refuses_is_1(service, model, tmp_path, capsys):
    file = table(tmp_path)

    assert called(log, "--model", model, "--url", service.url, tmp_path / "gone.csv") == 2
    assert called(log, "--model", model, "--url", service.url, "--map", "x=y", file) == 2
    assert called(log, "--model", "gone", "--url", service.url, file) == 1
    assert "404: no model 'gone'" in capsys.readouterr().err


def test_a_damaged_file_and_a_service_that_is_away_are_one_line(tmp_path, capsys):
    file = table(tmp_path)
    assert called(log, "--model", "m", "--url", "http://127.0.0.1:9", file) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1

    file.write_bytes(file.read_bytes()[:-20])
    assert called(log, "--model", "m", "--url", "http://127.0.0.1:9", file) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


class Other:
    """A server of whatever answers it was given, the last one for ever."""

    def __init__(self, answers, seconds=0.0):
        self.bodies = []
        rest = list(answers)
        other = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                other.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                time.sleep(seconds)
                status, headers, document = rest.pop(0) if len(rest) > 1 else rest[0]
                content = json.dumps(document).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": len(content)}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *said):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def other():
    made = []

    def make(*answers, **options):
        made.append(Other(answers, **options))
        return made[-1]

    yield make
    for server in made:
        server.close()


STORED = (200, {}, {"accepted": 50, "duplicates": 0, "rejected": []})


@pytest.mark.parametrize("status", [429, 503])
def test_a_service_that_is_full_is_asked_again_after_the_wait_it_names(
    other, tmp_path, capsys, status
):
    full = (status, {"Retry-After": "1"}, {"detail": "full"})
    server = other(full, full, STORED)
    started = time.monotonic()

    assert called(log, "--model", "m", "--url", server.url, table(tmp_path)) == 0

    assert time.monotonic() - started >= 2
    assert len(server.bodies) == 3
    assert len(set(server.bodies)) == 1
    assert capsys.readouterr().err.count("the service is full; waiting") == 1


def test_what_was_sent_before_an_error_is_said_with_the_way_on(other, tmp_path, capsys):
    server = other(STORED, (500, {}, {"detail": "broken"}))
    files = [table(tmp_path), table(tmp_path, 20, "second.parquet")]

    assert called(log, "--model", "m", "--url", server.url, *files) == 1

    said = capsys.readouterr().err
    assert "500: broken (50 rows were sent; run the same command again" in said


def test_control_c_says_how_to_go_on(other, tmp_path):
    server = other(STORED, seconds=0.3)
    files = [table(tmp_path, 20 + n, f"{n:02}.parquet") for n in range(40)]
    command = [sys.executable, "-m", "monitor.cli", "log", "--model", "m", "--url", server.url]
    process = subprocess.Popen(
        [*command, *map(str, files)], stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    while len(server.bodies) < 3:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "stopped in " in said.splitlines()[-1]
    assert "run the same command again to go on" in said
    assert "Traceback" not in said
