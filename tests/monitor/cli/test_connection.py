"""What cannot be sent, or is no answer of ours, is one line and an exit code; no traceback."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from monitor.cli import run, watchkeeper


@pytest.fixture
def called(capsys):
    """Calls the command line; the answer is its exit code and its last line on stderr."""

    def call(*arguments):
        code = run(lambda **options: watchkeeper.main(list(arguments), **options))
        told = capsys.readouterr().err
        assert "Traceback" not in told
        return code, told.strip().splitlines()[-1]

    return call


@pytest.mark.parametrize("url", ["http://[::1", "http://a:b:c", "http://\x00", "http://x:99999999"])
def test_an_address_that_is_none_is_said(called, url):
    code, told = called("model", "list", "--url", url)

    assert code in {1, 2}
    assert "no address" in told or "cannot reach" in told or "cannot send" in told


@pytest.mark.parametrize("key", ["schlüssel", "two\nlines", "\ud800"])
def test_a_key_that_no_header_may_hold_is_said(called, key):
    code, told = called("model", "list", "--url", "http://127.0.0.1:9", "--api-key", key)

    assert code in {1, 2}
    assert "key" in told or "cannot reach" in told


@pytest.mark.parametrize(
    "text",
    ['{"kpis": {"f1": {"min": NaN}}}', '{"a": 1e999}', '{"a": "\\ud800"}', "{", "[" * 99_999],
)
def test_a_spec_that_is_no_json_is_said(called, tmp_path, text):
    spec = tmp_path / "spec.json"
    spec.write_text(text)

    code, told = called("model", "put", "m", str(spec), "--url", "http://127.0.0.1:9")

    assert code == 2
    assert told.startswith("Error: ")


def test_a_name_that_fits_no_address_is_said(called):
    code, told = called("model", "show", "a\x00b", "--url", "http://127.0.0.1:9")

    assert code in {1, 2}
    assert told


def test_an_answer_that_is_no_json_is_said(called):
    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_):
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        code, told = called("model", "list", "--url", f"http://127.0.0.1:{server.server_port}")
        thread.join()

    assert code == 1
    assert "is no Watchkeeper" in told
