"""Messages of a Kafka broker reach a real service once, whatever dies on the way.

The broker is librdkafka's own, in this process: it speaks the protocol over loopback.
"""

import pytest
from adapters.consumers import consumers, row, rows_of, stop
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


@pytest.fixture
def consume(broker, service, model, tmp_path):
    with consumers(tmp_path, "watchkeeper.kafka", "--servers", broker.servers) as start:

        def consume(*flags, url=service.url, program=model):
            return start(
                "--topic",
                TOPIC,
                "--set",
                "session.timeout.ms=6000",
                "--model",
                program,
                "--url",
                url,
                *flags,
            )

        yield consume


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
