"""Messages of a Kafka broker reach a real service once, whatever dies on the way.

The broker is librdkafka's own, in this process: it speaks the protocol over loopback.
"""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from services import eventually, running

TOPIC, DEAD = "scores", "scores-dead"


class Broker:
    """A cluster of one, and a producer that it lives in."""

    def __init__(self):
        from confluent_kafka import Producer

        self.producer = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "unused"})
        about = self.producer.list_topics(timeout=10)
        (only,) = about.brokers.values()
        self.servers = f"{only.host}:{only.port}"

    def publish(self, *contents, topic=TOPIC):
        for content in contents:
            self.producer.produce(topic, content)
        assert self.producer.flush(20) == 0

    def client(self, **settings):
        from confluent_kafka import Consumer

        group = {"group.id": settings.pop("group", "watchkeeper"), "enable.auto.commit": False}
        return Consumer({"bootstrap.servers": self.servers, **group, **settings})

    def committed(self, topic=TOPIC):
        """Offsets that the group has committed, summed over partitions."""
        from confluent_kafka import TopicPartition

        client = self.client()
        try:
            parts = client.list_topics(topic, timeout=10).topics[topic].partitions
            found = client.committed([TopicPartition(topic, p) for p in parts], timeout=10)
            return sum(max(0, part.offset) for part in found)
        finally:
            client.close()

    def letters(self, count, topic=DEAD):
        client = self.client(group="reader", **{"auto.offset.reset": "earliest"})
        client.subscribe([topic])
        try:
            found = client.consume(count, timeout=20)
            return {m.value(): dict(m.headers() or []) for m in found if not m.error()}
        finally:
            client.close()


@pytest.fixture
def broker():
    return Broker()


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("service") / "data") as service:
        yield service


@pytest.fixture
def model(service):
    name = f"m{time.time_ns()}"
    service.ask("PUT", f"/v1/models/{name}", json={"task": "binary"})
    return name


@pytest.fixture
def consume(broker, service, model, tmp_path):
    """Starts consumers, and ends those that are left."""
    started = []

    def start(*flags, url=service.url, program=model):
        path = tmp_path / f"consumer{len(started)}.log"
        log = path.open("w")
        command = [sys.executable, "-m", "watchkeeper.kafka", "--servers", broker.servers]
        command += ["--topic", TOPIC, "--model", program, "--url", url]
        command += ["--set", "session.timeout.ms=6000", *flags]
        process = subprocess.Popen(command, stderr=log, stdout=log, env=dict(os.environ))
        started.append((process, log))
        process.said = path.read_text
        return process

    yield start
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


@pytest.mark.slow
def test_every_message_is_stored_once_though_the_consumer_is_killed(
    broker, service, model, consume
):
    total = 3000
    broker.publish(*(row(n) for n in range(total)))
    for _ in range(3):
        process = consume("--batch", "20")
        before = rows_of(service, model)
        eventually(lambda b=before: rows_of(service, model) > b, 60)
        process.kill()
        process.wait(20)
    assert rows_of(service, model) < total
    last = consume()
    eventually(lambda: rows_of(service, model) == total, 60)
    eventually(lambda: broker.committed() == total, 30)

    assert stop(last) == 0
    assert rows_of(service, model) == total
    assert "stopped: " in last.said()


def test_no_offset_is_committed_while_the_service_is_away(broker, consume, tmp_path):
    broker.publish(*(row(n) for n in range(10)))
    waiting = consume(url="http://127.0.0.1:9", program="loans")
    eventually(lambda: "waiting for the service" in waiting.said(), 30)
    assert broker.committed() == 0
    assert stop(waiting) == 0
    assert broker.committed() == 0

    with running(tmp_path / "data") as late:
        late.ask("PUT", "/v1/models/loans", json={"task": "binary"})
        consume(url=late.url, program="loans")
        eventually(lambda: rows_of(late, "loans") == 10, 60)
        eventually(lambda: broker.committed() == 10, 30)


def test_what_cannot_be_read_goes_to_the_dead_letters(broker, service, model, consume):
    bad = [b"{", b"7", row(1, timestamp="soon")]
    broker.publish(row(1), *bad, row(2))
    process = consume("--dead-letter", DEAD)
    eventually(lambda: rows_of(service, model) == 2, 60)
    eventually(lambda: broker.committed() == 5, 30)

    letters = broker.letters(len(bad))
    assert letters.keys() == set(bad)
    assert letters[b"{"]["watchkeeper-reason"].startswith(b"not JSON")
    assert letters[bad[2]]["watchkeeper-reason"].startswith(b"timestamp: 'soon'")
    assert stop(process) == 0


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--model", "gone"], "the service answers 404: no model 'gone'"),
        (["--url", "ftp://x"], "write it as http://"),
        (["--set", "no.such.setting=1"], "no.such.setting"),
    ],
)
def test_what_no_repeat_would_mend_is_one_line_and_1(broker, consume, flags, said):
    broker.publish(row(1))
    process = consume(*flags)

    assert process.wait(60) == 1
    assert said in process.said().splitlines()[-1]
    assert "Traceback" not in process.said()
