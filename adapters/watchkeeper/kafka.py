"""Carries predictions or actuals from a Kafka topic to the service.

    python -m watchkeeper.kafka --topic scores --model loans

Offsets are committed once the service has the rows on disk. Until then Kafka keeps them; ids make a
message that comes again a duplicate. What cannot be read goes to `--dead-letter`, or is logged and
passed over. Needs confluent-kafka: `pip install watchkeeper[kafka]`.
"""

import argparse
import logging
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from watchkeeper.relay import Message, RefusedError, Relay, StoppedError, add_options, relay_of, run

REASON, NAME = "watchkeeper-reason", "watchkeeper-message"
"""Headers of a dead letter: why it is one, and its place in the topic."""
_LOG = logging.getLogger("watchkeeper.kafka")
_POLL_SECONDS = 1.0
_FLUSH_SECONDS = 30.0


class Consumer:
    """One member of a consumer group, until it is told to stop."""

    def __init__(self, options: argparse.Namespace, relay: Relay) -> None:
        import confluent_kafka  # noqa: PLC0415

        self._options = options
        self._relay = relay
        self._stopping = threading.Event()
        given = {name: value for name, value in _given(options).items() if _is_of_all(name)}
        safe = {"bootstrap.servers": options.servers, "enable.idempotence": True}
        try:
            self._consumer = confluent_kafka.Consumer(_settings(options))
            self._letters = confluent_kafka.Producer(given | safe)
        except confluent_kafka.KafkaException as problem:  # a setting that makes no sense
            raise RefusedError(f"kafka: {problem.args[0].str()}") from problem

    def stop(self, *_: object) -> None:
        """Finish what is under way, then return from `run`."""
        self._stopping.set()

    def run(self) -> None:
        """Carry messages. Raises RefusedError where no repeat would mend it."""
        self._consumer.subscribe([self._options.topic])
        try:
            while not self._stopping.is_set():
                self._batch()
        except StoppedError:
            pass
        finally:
            self._consumer.close()
        _LOG.info("stopped: %s", self._relay.tally)

    def _batch(self) -> None:
        """Take some messages, and commit their offsets when all of them are done with."""
        taken = [m for m in self._consumer.consume(self._options.batch, _POLL_SECONDS) if m]
        for problem in filter(None, (message.error() for message in taken)):
            if problem.fatal():
                raise RefusedError(f"kafka: {problem.str()}")
            _LOG.warning("kafka: %s", problem.str())
        sent = [message for message in taken if not message.error()]
        if sent:
            refused = self._relay.deliver(list(_messages(sent)), self._goes_on)
            self._bury(sent, refused)
            self._commit(sent)
        self._relay.tell(_LOG)

    def _goes_on(self, seconds: float) -> bool:
        """Wait for the service as a living member of the group; nothing more is taken meanwhile."""
        until = time.monotonic() + seconds
        self._consumer.pause(self._consumer.assignment())
        while not self._stopping.is_set() and (left := until - time.monotonic()) > 0:
            self._consumer.poll(min(left, _POLL_SECONDS))
        self._consumer.resume(self._consumer.assignment())
        return not self._stopping.is_set()

    def _bury(self, sent: Sequence[Any], refused: Mapping[int, str]) -> None:
        """Keep what will never be read where the user wants it; on disk there before we go on."""
        for index, reason in refused.items():
            name = _name(sent[index])
            _LOG.warning("message %s is refused: %s", name, reason)
            if self._options.dead_letter:
                self._letters.produce(
                    self._options.dead_letter,
                    sent[index].value(),
                    sent[index].key(),
                    headers={REASON: reason.encode(), NAME: name.encode()},
                )
        while refused and self._letters.flush(_FLUSH_SECONDS):
            _LOG.warning("dead letters wait for %s", self._options.servers)
            if self._stopping.is_set():
                raise StoppedError

    def _commit(self, sent: Sequence[Any]) -> None:
        from confluent_kafka import KafkaException, TopicPartition  # noqa: PLC0415

        after: dict[tuple[str, int], int] = {}
        for message in sent:
            place = (message.topic(), message.partition())
            after[place] = max(after.get(place, 0), message.offset() + 1)
        offsets = [TopicPartition(*place, offset) for place, offset in after.items()]
        try:
            self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as problem:  # the messages come again and are duplicates
            _LOG.warning("kafka: offsets were not committed: %s", problem)


def _messages(sent: Sequence[Any]) -> Iterator[Message]:
    for message in sent:
        _, stamp = message.timestamp()
        yield Message(_name(message), message.value() or b"", stamp if stamp > 0 else None)


def _name(message: Any) -> str:
    return f"{message.topic()}-{message.partition()}-{message.offset()}"


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """What librdkafka is told; `--set` has the last word, but for what keeps rows safe."""
    return {
        "bootstrap.servers": options.servers,
        "group.id": options.group,
        "auto.offset.reset": "earliest",
        **_given(options),
        "enable.auto.commit": False,
    }


def _given(options: argparse.Namespace) -> dict[str, str]:
    pairs = [text.partition("=") for text in options.settings]
    return {name: value for name, _, value in pairs}


def _is_of_all(name: str) -> bool:
    """Whether a setting holds for producers too: how to get to the brokers."""
    return name.startswith(("security.", "sasl.", "ssl.", "socket.", "client."))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m watchkeeper.kafka",
        description="Carry messages of a Kafka topic to Watchkeeper; offsets are committed once "
        "the rows are on disk there.",
        epilog="Example: python -m watchkeeper.kafka --topic scores --model loans "
        "--dead-letter scores-dead",
    )
    made.add_argument("--servers", default="127.0.0.1:9092", help="brokers (%(default)s)")
    made.add_argument("--topic", required=True)
    made.add_argument("--group", default="watchkeeper", help="consumer group (%(default)s)")
    made.add_argument("--dead-letter", help="topic for what cannot be read (else it is logged)")
    made.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of librdkafka, as sasl.username=me; repeat it for more",
    )
    add_options(made)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM; 0 then, 1 where the service or Kafka will not have us."""
    options = parser().parse_args(arguments)

    def carry() -> None:
        consumer = Consumer(options, relay_of(options, _LOG.warning))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, consumer.stop)
        consumer.run()

    return run("watchkeeper.kafka", carry)


if __name__ == "__main__":
    sys.exit(main())
