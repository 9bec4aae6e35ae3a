"""Real programs, real kills: what was on disk arrives once, whoever sends it in the end."""

import contextlib
import json
import os
import signal
import socket
import time

import pytest
from adapters.collector import Collector

BEGIN = """
import logging, os, signal, sys, time
import watchkeeper
logging.disable()
url, spool = sys.argv[1:]
limits = watchkeeper.Limits(linger=0.01, batch_rows=5, exit_timeout=1.0)
client = watchkeeper.Client(url, "loans", spool_dir=spool, limits=limits)
"""


@pytest.fixture
def collector():
    """One whose server is away until it is told to come."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    away = Away(port)
    yield away
    away.close()


class Away:
    """The address of a server that comes later."""

    def __init__(self, port):
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.there = None

    def come(self):
        self.there = Collector(self.port)
        return self.there

    def close(self):
        if self.there:
            self.there.close()


@pytest.fixture
def start(program):
    """Starts programs, and kills what is left of them."""
    running = []

    def begin(source):
        running.append(program(BEGIN + source))
        return running[-1]

    yield begin
    for process in running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def said(process, seconds=30):
    out, err = process.communicate(timeout=seconds)
    assert (err, process.returncode) == ("", 0)
    return out.split()


def posted(collector):
    """The id of each row in each body, taken or not."""
    return [row["prediction_id"] for _, _, body in collector.requests for row in json.loads(body)]


REPLAY = "sys.exit(not client.flush(20))"


def test_a_kill_in_the_middle_of_a_write_costs_nothing_that_was_written(collector, start):
    process = start("""
real, calls = os.write, []

def half(descriptor, content):
    calls.append(1)
    if len(calls) < 4:
        return real(descriptor, content)
    real(descriptor, bytes(content)[: len(content) // 2])
    real(1, b"\\ntorn\\n")
    time.sleep(60)

os.write = half
for i in range(3000):
    print(client.log({'i': i}), flush=True)
    time.sleep(0.01)
""")
    ids = []
    while (line := process.stdout.readline()) != "torn\n":
        assert line, "it ended before its fourth write"
        ids += line.split()
    process.kill()

    there = collector.come()
    said(start(REPLAY))

    assert set(there.predictions) < set(ids)
    assert len(there.predictions) >= 3
    assert sorted(posted(there)) == sorted(there.predictions), "once, and nothing but rows"


@pytest.mark.parametrize("moment", [0.05, 0.3, 0.9])
def test_what_counts_as_spooled_survives_a_kill_at_any_moment(collector, start, moment):
    process = start("""
while True:
    row = client.log({'a': 1})
    os.write(1, f'{row} {client.counters.spooled}\\n'.encode())
    time.sleep(0.001)
""")
    lines = [process.stdout.readline()]
    while lines[-1].endswith(" 0\n"):
        lines.append(process.stdout.readline())
    time.sleep(moment)
    process.kill()
    told = [line.split() for line in [*lines, *process.communicate()[0].splitlines()]]
    told = [line for line in told if len(line) == 2]

    there = collector.come()
    said(start(REPLAY))

    spooled = max(int(count) for _, count in told)
    assert spooled > 0
    assert {row_id for row_id, _ in told[:spooled]} <= set(there.predictions)


def test_a_kill_while_old_rows_are_sent_repeats_them_with_the_same_ids(collector, start):
    ids = said(start("for i in range(200): print(client.log({'i': i}), flush=True)"))
    there = collector.come()
    there.delay = 0.02
    process = start("time.sleep(60)")
    while len(there.predictions) < 50:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()

    said(start(REPLAY))

    assert list(there.predictions) == ids


def test_programs_that_share_a_folder_neither_double_nor_lose_a_row(collector, start):
    write = "for i in range(100): print(client.log({'i': i}), flush=True); time.sleep(0.002)"
    ids = [row for process in [start(write) for _ in range(3)] for row in said(process)]
    assert len(set(ids)) == 300

    there = collector.come()
    for process in [start(REPLAY) for _ in range(3)]:
        process.wait(30)
    said(start(REPLAY))

    assert set(there.predictions) == set(ids)
    assert len(posted(there)) == 300


def test_programs_that_log_through_an_outage_lose_nothing(collector, start):
    there = collector.come()
    there.always = 503
    running = [
        start("for i in range(150): print(client.log({'i': i}), flush=True); time.sleep(0.01)\n")
        for _ in range(3)
    ]
    time.sleep(1.0)
    there.always = None
    ids = [row for process in running for row in said(process)]

    said(start(REPLAY))

    assert len(set(ids)) == 450
    assert set(there.predictions) == set(ids)


def test_the_disk_is_written_through_before_rows_leave_memory(collector, start, tmp_path):
    """A write that cannot be made to last is no write."""
    process = start("""
def broken(descriptor):
    raise OSError(5, 'the disk is no more')

os.fsync = broken
client.log({'a': 1})
while client.counters.errors < 3:
    time.sleep(0.01)
time.sleep(0.3)
print(client.counters.spooled, client.counters.waiting)
os._exit(0)
""")

    assert said(process) == ["0", "1"]
    assert all(not path.stat().st_size for path in tmp_path.glob("spool/*/*.spool"))
