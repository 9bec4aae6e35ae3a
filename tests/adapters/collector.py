"""A collector on loopback that keeps what it is sent, and misbehaves when told to."""

import contextlib
import gzip
import io
import json
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Collector:
    """Answers as the service does. `then` queues statuses, or functions of the handler, for the
    next requests; `always` is used when the queue is empty and is None for the real answer."""

    def __init__(self, port=0):
        self.requests = []
        self.rows = {"predictions": {}, "actuals": []}
        self.then = deque()
        self.always = None
        self.delay = 0.0
        self.lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"collector": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def predictions(self):
        return self.rows["predictions"]

    @property
    def actuals(self):
        return self.rows["actuals"]

    def take(self, kind, rows):
        """Keep rows once by id, and count as the service does."""
        duplicates = 0
        with self.lock:
            for row in rows:
                if kind == "actuals":
                    self.actuals.append(row)
                elif row["prediction_id"] in self.predictions:
                    duplicates += 1
                else:
                    self.predictions[row["prediction_id"]] = row
        return {"accepted": len(rows) - duplicates, "duplicates": duplicates, "rejected": []}

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # the two writes of an answer cost 40 ms otherwise

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        collector = self.collector
        time.sleep(collector.delay)
        collector.requests.append((self.path, dict(self.headers), body))
        act = collector.then.popleft() if collector.then else collector.always
        if callable(act):
            act = act(self, body)
        if act == "hang up":
            self.close_connection = True
            return
        if isinstance(act, dict):
            self.answer(200, act)
        elif isinstance(act, int):
            self.answer(act, {"title": "Told to", "detail": "because the test says so"})
        else:
            self.answer(200, collector.take(self.path.rsplit("/", 1)[1], self.read(body)))

    def read(self, body):
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if self.headers["Content-Type"].startswith("application/json"):
            return json.loads(body)
        return arrow_rows(body)

    def answer(self, status, document):
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status in {429, 503}:
            self.send_header("Retry-After", getattr(self, "retry_after", "0"))
        with contextlib.suppress(ConnectionError):  # a client that did not wait
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, *args):
        pass


def arrow_rows(body):
    """Rows of an Arrow body, as the JSON of the same rows would be."""
    import pyarrow as pa

    rows = []
    for flat in pa.ipc.open_stream(io.BytesIO(body)).read_all().to_pylist():
        row = {name: value for name, value in flat.items() if not name.startswith("features.")}
        row["features"] = {n[9:]: v for n, v in flat.items() if n.startswith("features.")}
        rows.append(row)
    return rows


def until(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end and not condition():
        time.sleep(0.01)
    return condition()


def sent(collector, row_id):
    return collector.predictions[row_id]
