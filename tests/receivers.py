"""Local receivers of what is told: an HTTP and an SMTP server that keep what they are sent."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Receiver:
    """What came, and how each request is to be answered: `answers` in turn, then 200."""

    address: str = ""
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)


@contextmanager
def receiver() -> Iterator[Receiver]:
    """An HTTP server on a free port."""
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            kept.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            kept.headers.append(dict(self.headers))
            self.send_response(kept.answers.pop(0) if kept.answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *said):
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, serving(server):
        kept.address = f"http://127.0.0.1:{server.server_port}/hook"
        yield kept


@contextmanager
def mailbox() -> Iterator[Receiver]:
    """An SMTP server on a free port (RFC 5321, as much of it as a message needs)."""
    kept = Receiver()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self.say("220 mailbox")
            for line in self.rfile:
                match line[:4].upper().strip():
                    case b"EHLO" | b"HELO":
                        self.say("250 mailbox")
                    case b"RCPT" if kept.answers:
                        self.say(f"{kept.answers.pop(0)} not now")
                    case b"MAIL" | b"RCPT" | b"RSET":
                        self.say("250 so be it")
                    case b"DATA":
                        self.say("354 go on")
                        kept.bodies.append(self.message())
                        self.say("250 taken")
                    case b"QUIT":
                        self.say("221 bye")
                        return

        def say(self, line):
            self.wfile.write(f"{line}\r\n".encode())

        def message(self):
            lines = iter(self.rfile.readline, b".\r\n")
            return b"".join(lines)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server, serving(server):
        kept.address = f"127.0.0.1:{server.server_address[1]}"
        yield kept


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    """The server answers in a thread until the end."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
