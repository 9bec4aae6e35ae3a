"""A real NATS server with JetStream on a free loopback port."""

import asyncio
import contextlib
import shutil
import signal
import socket
import subprocess
import time

SERVER = shutil.which("nats-server") or "/usr/sbin/nats-server"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """Keeps its streams in a directory, so that it may be stopped and started again."""

    def __init__(self, directory):
        self.directory = directory
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self.process = None
        self.start()

    def start(self):
        command = [SERVER, "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd"]
        self.process = subprocess.Popen(
            [*command, str(self.directory)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.05)
        raise AssertionError("nats-server does not listen")

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait(20)

    def use(self, act):
        """What `act` gives when called with a JetStream context."""

        async def run():
            import nats

            connection = await nats.connect(self.url)
            try:
                return await act(connection.jetstream())
            finally:
                await connection.close()

        return asyncio.run(run())

    def make(self, stream, *subjects):
        self.use(lambda js: js.add_stream(name=stream, subjects=list(subjects)))

    def publish(self, subject, *contents):
        async def act(js):
            for content in contents:
                await js.publish(subject, content)

        self.use(act)

    def pending(self, stream, durable="watchkeeper"):
        """Messages that the consumer has not ended yet, delivered or not."""

        async def act(js):
            info = await js.consumer_info(stream, durable)
            return info.num_pending + info.num_ack_pending

        return self.use(act)

    def letters(self, subject):
        """Content and headers of what lies in the stream of a subject."""

        async def act(js):
            name = await js.find_stream_name_by_subject(subject)
            state = (await js.stream_info(name)).state
            found = [await js.get_msg(name, seq=n) for n in range(1, state.last_seq + 1)]
            return [(m.data, m.headers) for m in found]

        return self.use(act)
