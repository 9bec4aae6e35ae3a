"""The end of the program, signals, forks, and what an import brings along."""

import contextlib
import json
import os
import pkgutil
import signal
import socket
import time

import pytest
import watchkeeper

BEGIN = """
import os, sys, time
import watchkeeper
url, spool = sys.argv[1:]
client = watchkeeper.Client(url, "loans", spool_dir=spool)
"""


def finish(process, seconds=20):
    try:
        out, err = process.communicate(timeout=seconds)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # forked children that hang, too
    assert err == ""
    return out.split(), process.returncode


def test_what_is_left_is_sent_at_the_end_of_the_program(collector, program):
    ids, code = finish(program(BEGIN + "print(client.log({'a': 1}))"))

    assert code == 0
    assert list(collector.predictions) == ids


def test_the_end_is_not_delayed_by_a_server_that_is_away(collector, program, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    source = BEGIN.replace(
        "url, spool = sys.argv[1:]", f"spool = sys.argv[2]; url = 'http://127.0.0.1:{port}'"
    )
    process = program(
        source
        + """
import atexit, logging
logging.disable()
start = time.monotonic()
atexit.register(lambda: print(time.monotonic() - start))
client.log({'a': 1})
"""
    )
    (_, code) = finish(process)

    assert code == 0
    assert len(list(tmp_path.glob("spool/*/*.spool"))) == 1


def test_the_end_has_a_deadline_when_the_server_hangs(collector, program):
    collector.delay = 30
    source = BEGIN.replace(
        "spool_dir=spool", "spool_dir=spool, limits=watchkeeper.Limits(exit_timeout=0.5)"
    )

    _, code = finish(program(source + "client.log({'a': 1})"), seconds=5)

    assert code == 0


def test_sigterm_sends_what_is_left_and_still_ends_the_program(collector, program):
    process = program(BEGIN + "print(client.log({'a': 1}), flush=True); time.sleep(30)")
    row_id = process.stdout.readline().strip()
    process.send_signal(signal.SIGTERM)

    _, code = finish(process)

    assert code == -signal.SIGTERM
    assert list(collector.predictions) == [row_id]


def test_a_programs_own_handler_of_sigterm_is_left_alone(collector, program):
    source = BEGIN.replace(
        "client =", "import signal\nsignal.signal(15, lambda *_: sys.exit(7))\nclient ="
    )
    process = program(source + "print(client.log({'a': 1}), flush=True); time.sleep(30)")
    row_id = process.stdout.readline().strip()
    process.send_signal(signal.SIGTERM)

    _, code = finish(process)

    assert code == 7
    assert list(collector.predictions) == [row_id]


def test_two_clients_are_both_closed_by_sigterm(collector, program):
    source = (
        BEGIN
        + """
other = watchkeeper.Client(url, "loans", spool_dir=spool)
print(client.log({'a': 1}), other.log({'a': 2}), flush=True)
time.sleep(30)
"""
    )
    process = program(source)
    ids = process.stdout.readline().split()
    process.send_signal(signal.SIGTERM)
    finish(process)

    assert set(collector.predictions) == set(ids)


def test_a_forked_child_sends_its_own_rows_and_the_parent_the_parents(collector, program):
    ids, code = finish(
        program(
            BEGIN
            + """
print(client.log({'who': 'parent before'}), flush=True)
if os.fork() == 0:
    print(client.log({'who': 'child'}), flush=True)
    assert client.flush(10)
    assert client.counters.accepted == client.counters.logged == 1, client.counters
    os._exit(0)
os.wait()
print(client.log({'who': 'parent after'}), flush=True)
assert client.flush(10)
assert client.counters.accepted == client.counters.logged == 2, client.counters
"""
        )
    )

    assert code == 0
    assert len(ids) == len(set(ids)) == 3
    assert set(collector.predictions) == set(ids)
    assert sum(len(json.loads(body)) for _, _, body in collector.requests) == 3


def test_a_fork_while_other_threads_log_leaves_a_child_that_works(collector, program):
    ids, code = finish(
        program(
            BEGIN
            + """
import threading
stop = threading.Event()
def work():
    while not stop.is_set():
        client.log({'who': 'thread'})
        time.sleep(0.0002)
threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
for _ in range(10):
    if os.fork() == 0:
        os.write(1, (client.log({'who': 'child'}) + '\\n').encode())  # whole, unlike print
        os._exit(0 if client.flush(10) else 1)
codes = [os.wait()[1] for _ in range(10)]
stop.set()
[thread.join() for thread in threads]
assert codes == [0] * 10, codes
"""
        )
    )

    assert code == 0
    assert len(set(ids)) == 10
    assert set(ids) <= set(collector.predictions)


def test_a_fork_in_the_middle_of_an_answer_leaves_a_child_that_works(collector, program):
    """The thread that reads the answer holds a lock, which nobody lets go of in the child."""

    def stall(handler, body):
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"{")
        handler.wfile.flush()
        time.sleep(2)
        return "hang up"

    collector.then.append(stall)
    ids, code = finish(
        program(
            BEGIN
            + """
import logging
logging.disable()
client.log({'who': 'parent'})
while not client.counters.sent:
    time.sleep(0.01)
time.sleep(0.3)
child = os.fork()
if child == 0:
    print(client.log({'who': 'child'}), flush=True)
    os._exit(0 if client.flush(10) else 1)
assert os.waitpid(child, 0)[1] == 0
"""
        ),
        seconds=15,
    )

    assert code == 0
    assert set(ids) <= set(collector.predictions)
    assert len(collector.predictions) == 2


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_the_end_of_a_multiprocessing_child_counts_as_an_end(collector, program, tmp_path, method):
    script = tmp_path / "work.py"
    script.write_text(
        BEGIN.replace(
            "url, spool = sys.argv[1:]", "url, spool = os.environ['URL'], os.environ['SPOOL']"
        )
        + "def work(i):\n    os.write(1, (client.log({'i': i}) + chr(10)).encode())\n"
    )
    ids, code = finish(
        program(
            f"""
import multiprocessing, os, sys
os.environ['URL'], os.environ['SPOOL'] = sys.argv[1:]
sys.path.insert(0, {str(tmp_path)!r})
import work
context = multiprocessing.get_context({method!r})
children = [context.Process(target=work.work, args=(i,)) for i in range(3)]
[child.start() for child in children]
[child.join() for child in children]
"""
        )
    )

    assert code == 0
    assert len(ids) == 3
    assert set(collector.predictions) == set(ids)


def test_several_clients_of_a_server_that_hangs_share_one_deadline_at_sigterm(collector, program):
    collector.delay = 30
    source = BEGIN.replace(
        "client =",
        """
limits = watchkeeper.Limits(exit_timeout=1.0, linger=0.01)
clients = [watchkeeper.Client(url, "loans", spool_dir=spool, limits=limits) for _ in range(5)]
[one.log({'a': 1}) for one in clients]
client =""",
    )
    process = program(source + "time.sleep(0.5); print('ready', flush=True); time.sleep(60)")
    assert process.stdout.readline() == "ready\n"

    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, code = finish(process)

    assert code == -signal.SIGTERM
    assert time.monotonic() - started < 4


def test_the_integrations_need_their_framework_only_when_they_are_used(program):
    names = sorted(
        module.name
        for module in pkgutil.iter_modules(watchkeeper.__path__)
        if module.name not in {"kafka", "nats"}  # programs, which cannot do without
    )
    lines, code = finish(
        program(
            f"import importlib\nfor name in {names}:\n"
            "    importlib.import_module(f'watchkeeper.{name}')\nprint('done')",
            "-S",
        )
    )

    assert (lines, code) == (["done"], 0)


def test_the_client_needs_nothing_but_the_standard_library(program):
    (lines, code) = finish(
        program(
            """
import sys
import watchkeeper
roots = {name.partition('.')[0] for name in sys.modules}
foreign = roots - set(sys.stdlib_module_names) - {'watchkeeper', '__main__', '__mp_main__'}
print(*sorted(foreign))
""",
            "-S",
        )
    )

    assert code == 0
    assert lines == []


def test_an_import_starts_no_thread_and_handles_no_signal(program):
    (lines, _) = finish(
        program(
            """
import signal, threading
import watchkeeper
print(threading.active_count(), signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
"""
        )
    )

    assert lines == ["1", "True"]
