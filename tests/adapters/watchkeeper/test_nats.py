"""Messages of a real JetStream server reach a real service once, whatever dies on the way."""

import json
import signal
import time

import pytest
from adapters.consumers import consumers, row, rows_of, stop
from adapters.jetstream import Server
from services import eventually, running

STREAM, SUBJECT, DEAD = "SCORES", "scores.loans", "dead.scores"


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path / "jetstream")
    made.make(STREAM, "scores.>")
    yield made
    if made.process.poll() is None:
        made.stop()


@pytest.fixture
def consume(server, service, model, tmp_path):
    with consumers(tmp_path, "watchkeeper.nats", "--server", server.url) as start:

        def consume(*flags, url=service.url, program=model):
            return start("--stream", STREAM, "--model", program, "--url", url, *flags)

        yield consume


def test_every_message_is_stored_once_though_the_consumer_is_killed(
    server, service, model, consume
):
    total = 3000
    server.publish(SUBJECT, *(row(n) for n in range(total)))
    for _ in range(4):
        process = consume("--batch", "50")
        before = rows_of(service, model)
        eventually(lambda b=before: rows_of(service, model) > b, 30)
        process.kill()
        process.wait(20)
    assert rows_of(service, model) < total
    # What the killed ones held comes back after the time to acknowledge; it is not waited for.
    server.use(lambda js: js.delete_consumer(STREAM, "watchkeeper"))
    last = consume()
    eventually(lambda: rows_of(service, model) == total, 60)
    eventually(lambda: server.pending(STREAM) == 0, 30)

    assert stop(last) == 0
    assert rows_of(service, model) == total
    assert "stopped: " in last.said()


def test_a_consumer_outlives_its_server_and_the_service(server, service, model, consume, tmp_path):
    process = consume()
    server.publish(SUBJECT, row(1))
    eventually(lambda: rows_of(service, model) == 1, 30)
    server.stop(signal.SIGKILL)
    time.sleep(1.5)
    server.start()
    server.publish(SUBJECT, row(2))
    eventually(lambda: rows_of(service, model) == 2, 60)

    assert process.poll() is None
    assert stop(process) == 0


def test_nothing_is_acknowledged_while_the_service_is_away(server, consume, tmp_path):
    server.publish(SUBJECT, *(row(n) for n in range(10)))
    waiting = consume(url="http://127.0.0.1:9", program="loans")
    eventually(lambda: "waiting for the service" in waiting.said(), 30)
    assert server.pending(STREAM) == 10
    assert stop(waiting) == 0

    with running(tmp_path / "data") as late:
        late.ask("PUT", "/v1/models/loans", json={"task": "binary"})
        consume(url=late.url, program="loans")
        eventually(lambda: rows_of(late, "loans") == 10, 30)
        eventually(lambda: server.pending(STREAM) == 0, 30)


def test_what_cannot_be_read_goes_to_the_dead_letters_and_never_comes_again(
    server, service, model, consume
):
    server.make("DEAD", "dead.>")
    bad = [b"{", b"7", b"[]", row(1, timestamp="soon"), json.dumps({"prediction": 1}).encode()]
    server.publish(SUBJECT, row(1), *bad, row(2), b"[" + row(3) + b"," + row(4) + b"]")
    process = consume("--dead-letter", DEAD)
    eventually(lambda: rows_of(service, model) == 4, 30)
    eventually(lambda: server.pending(STREAM) == 0, 30)

    letters = server.letters(DEAD)
    assert sorted(content for content, _ in letters) == sorted(bad)
    reasons = {content: headers["Watchkeeper-Reason"] for content, headers in letters}
    assert reasons[b"{"].startswith("not JSON")
    assert reasons[bad[3]].startswith("timestamp: 'soon'")
    assert {headers["Watchkeeper-Message"] for _, headers in letters} == {
        f"SCORES-{n}" for n in range(2, 7)
    }
    stop(process)


def test_without_dead_letters_what_cannot_be_read_is_logged_and_ended(
    server, service, model, consume
):
    server.publish(SUBJECT, b"{", row(1))
    process = consume()
    eventually(lambda: rows_of(service, model) == 1, 30)
    eventually(lambda: server.pending(STREAM) == 0, 30)

    assert "message SCORES-1 is refused: not JSON" in process.said()
    stop(process)


def test_actuals_are_carried_too(server, service, model, consume):
    logged = {"prediction_id": "a", "features": {}}
    service.ask("POST", f"/v1/models/{model}/predictions", json=logged)
    server.publish(SUBJECT, json.dumps({"prediction_id": "a", "actual": 1}).encode())
    process = consume("--kind", "actuals")

    def actual():
        (found,) = service.ask("GET", f"/v1/models/{model}/predictions?ids=a")["items"]
        return found["actual"]

    eventually(actual, 30)
    stop(process)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--model", "gone"], "the service answers 404: no model 'gone'"),
        (["--stream", "GONE"], "there is no stream 'GONE'"),
        (["--url", "ftp://x"], "write it as http://"),
    ],
)
def test_what_no_repeat_would_mend_is_one_line_and_1(server, consume, flags, said):
    server.publish(SUBJECT, row(1))
    process = consume(*flags)

    assert process.wait(30) == 1
    assert said in process.said().splitlines()[-1]
    assert "Traceback" not in process.said()


def test_a_server_that_is_not_there_is_looked_for_until_the_end(server, consume):
    server.stop()
    process = consume()
    eventually(lambda: "trying again" in process.said(), 30)

    assert stop(process) == 0
