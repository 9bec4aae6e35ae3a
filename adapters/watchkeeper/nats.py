"""Carries predictions or actuals from a NATS JetStream stream to the service.

    python -m watchkeeper.nats --stream SCORES --model loans

A message is acknowledged once the service has its rows on disk. Until then the stream keeps it;
ids make a message that comes again a duplicate. What cannot be read goes to `--dead-letter`, or is
logged and ended. Needs nats-py: `pip install watchkeeper[nats]`.
"""

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from watchkeeper.relay import Message, RefusedError, Relay, StoppedError, add_options, relay_of, run

REASON, NAME = "Watchkeeper-Reason", "Watchkeeper-Message"
"""Headers of a dead letter: why it is one, and its place in the stream."""
_LOG = logging.getLogger("watchkeeper.nats")
_ACK_WAIT_SECONDS = 30.0
_PING_SECONDS = 10.0
_FETCH_SECONDS = 1.0
_AGAIN_SECONDS = 2.0


class Consumer:
    """Pulls from one durable consumer of a stream until it is told to stop."""

    def __init__(self, options: argparse.Namespace, relay: Relay) -> None:
        self._options = options
        self._relay = relay
        self._stopping = threading.Event()

    async def run(self) -> None:
        """Carry messages; a server that is away is looked for again.

        Raises RefusedError where no repeat would mend it.
        """
        from nats.errors import Error as NatsError  # noqa: PLC0415

        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stopping.set)
        while not self._stopping.is_set():
            try:
                await self._session()
            except StoppedError:
                break
            except (NatsError, OSError) as problem:
                said = str(problem) or type(problem).__name__
                _LOG.warning("%s: %s; trying again", self._options.server, said)
                await asyncio.to_thread(self._stopping.wait, _AGAIN_SECONDS)
        _LOG.info("stopped: %s", self._relay.tally)

    async def _session(self) -> None:
        """Carry messages while one connection holds."""
        import nats  # noqa: PLC0415
        from nats.js.errors import NotFoundError  # noqa: PLC0415

        connection = await nats.connect(
            self._options.server,
            user_credentials=self._options.credentials,
            allow_reconnect=False,
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            connect_timeout=5,
            error_cb=_unheard,
        )
        try:
            jetstream = connection.jetstream()
            try:
                subscription = await self._subscribe(jetstream)
                created = (await jetstream.stream_info(self._options.stream)).created
            except NotFoundError:
                raise RefusedError(f"there is no stream {self._options.stream!r}") from None
            # A stream that was made anew counts from 1 again: its rows are not those of the old.
            origin = f"{self._options.stream}-{created.timestamp() if created else 0:.0f}"
            _LOG.info("following %s", self._options.stream)
            while not self._stopping.is_set():
                await self._batch(jetstream, subscription, origin)
        finally:
            with contextlib.suppress(Exception):  # the server may be away just now
                await connection.flush(1)
            await connection.close()

    async def _subscribe(self, jetstream: Any) -> Any:
        from nats.js.api import ConsumerConfig  # noqa: PLC0415

        # What a consumer that was killed holds counts too, until its time to acknowledge is over.
        most = 20 * self._options.batch
        return await jetstream.pull_subscribe(
            self._options.subject,
            durable=self._options.durable,
            stream=self._options.stream,
            config=ConsumerConfig(ack_wait=_ACK_WAIT_SECONDS, max_ack_pending=most),
        )

    async def _batch(self, jetstream: Any, subscription: Any, origin: str) -> None:
        """Fetch some messages, and end each in the way that it deserves."""
        from nats.errors import ConnectionClosedError  # noqa: PLC0415

        try:
            fetched = await subscription.fetch(self._options.batch, timeout=_FETCH_SECONDS)
        except TimeoutError:
            if not subscription._nc.is_connected:
                raise ConnectionClosedError from None
            fetched = []
        if fetched:
            refused = await self._deliver(fetched, origin)
            for index, sent in enumerate(fetched):
                if index not in refused:
                    await sent.ack()
            for index, reason in refused.items():
                await self._bury(jetstream, fetched[index], reason)
        self._relay.tell(_LOG)

    async def _deliver(self, fetched: Sequence[Any], origin: str) -> dict[int, str]:
        """What was refused. While the service keeps us waiting, the stream is told that we work."""
        messages = list(_messages(fetched, origin))
        delivery = asyncio.create_task(
            asyncio.to_thread(self._relay.deliver, messages, self._goes_on)
        )
        while not (await asyncio.wait({delivery}, timeout=_PING_SECONDS))[0]:
            for sent in fetched:
                with contextlib.suppress(Exception):  # it would come again, which does no harm
                    await sent.in_progress()
        try:
            return delivery.result()
        except (StoppedError, RefusedError):
            for sent in fetched:
                with contextlib.suppress(Exception):
                    await sent.nak()
            raise

    def _goes_on(self, seconds: float) -> bool:
        return not self._stopping.wait(seconds)

    async def _bury(self, jetstream: Any, sent: Any, reason: str) -> None:
        """End a message that will never be read, and keep it where the user wants it."""
        name = f"{sent.metadata.stream}-{sent.metadata.sequence.stream}"
        _LOG.warning("message %s is refused: %s", name, reason)
        if self._options.dead_letter:
            headers = {REASON: reason.encode("ascii", "replace").decode(), NAME: name}
            headers = {key: " ".join(value.split()) for key, value in headers.items()}
            await jetstream.publish(self._options.dead_letter, sent.data, headers=headers)
        await sent.term()


def _messages(fetched: Sequence[Any], origin: str) -> Iterator[Message]:
    for sent in fetched:
        about = sent.metadata
        stamp = round(about.timestamp.timestamp() * 1000)
        yield Message(f"{origin}-{about.sequence.stream}", sent.data, stamp)


async def _unheard(problem: Exception) -> None:
    """What goes wrong is raised where it matters."""
    _LOG.debug("%r", problem)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m watchkeeper.nats",
        description="Carry messages of a JetStream stream to Watchkeeper; each is acknowledged "
        "once its rows are on disk there.",
        epilog="Example: python -m watchkeeper.nats --stream SCORES --model loans "
        "--dead-letter dead.scores",
    )
    made.add_argument("--server", default="nats://127.0.0.1:4222", help="(%(default)s)")
    made.add_argument("--credentials", help="file of user credentials")
    made.add_argument("--stream", required=True, help="the stream; it must be there")
    made.add_argument("--subject", default="", help="only messages of this subject (all)")
    made.add_argument(
        "--durable", default="watchkeeper", help="name of the durable consumer (%(default)s)"
    )
    made.add_argument("--dead-letter", help="subject for what cannot be read (else it is logged)")
    add_options(made)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM; 0 then, 1 where the service or the stream is not there for us."""
    options = parser().parse_args(arguments)
    return run(
        "watchkeeper.nats",
        lambda: asyncio.run(Consumer(options, relay_of(options, _LOG.warning)).run()),
    )


if __name__ == "__main__":
    sys.exit(main())
