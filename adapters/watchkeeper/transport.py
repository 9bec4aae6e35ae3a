"""Posts a body to the service over one kept connection and reads its answer."""

import contextlib
import gzip
import http.client
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from watchkeeper.wire import Request

COMPRESS_FROM_BYTES = 4096
ANSWER_BYTES = 16 << 20
IDLE_SECONDS = 4.0
"""Servers close idle connections after 5 s (uvicorn's default)."""
LONGEST_WAIT_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service said: `document` is its JSON object, empty if there is none."""

    status: int
    retry_after: float | None = None
    document: Mapping[str, Any] = field(default_factory=dict)


def seconds_to_wait(header: str | None) -> float | None:
    """The `Retry-After` of RFC 9110: seconds or a date; None if absent or unreadable.

    >>> seconds_to_wait("7"), seconds_to_wait("soon")
    (7.0, None)
    """
    if header is None:
        return None
    try:
        wait = float(header)
    except ValueError:
        try:
            wait = (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(wait, 0.0), LONGEST_WAIT_SECONDS) if wait == wait else None  # noqa: PLR0124


class Transport:
    """One connection to the service. For one thread.

    Raises ValueError if the address is not `http://…` or `https://…`.
    """

    def __init__(
        self, url: str, model: str, api_key: str | None, *, timeout: float, compress: bool
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"url {url!r}: write it as http://host:port or https://host")
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._path = f"{parts.path.rstrip('/')}/v1/models/{model}/"
        self._headers = {"User-Agent": "watchkeeper-python", "Accept": "application/json"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._timeout = timeout
        self._compress = compress
        self._connection: http.client.HTTPConnection | None = None
        self._used_at = 0.0

    def post(self, request: Request, dropped: int) -> Answer:
        """The answer of the service. Raises OSError or HTTPException if there is none.

        A kept connection that the server has closed meanwhile is replaced without a word:
        the rows have ids, so a repeat does no harm.
        """
        headers = self._headers | {"Content-Type": request.media_type}
        if dropped:
            headers["Watchkeeper-Client-Dropped"] = str(dropped)
        body = request.body
        if self._compress and len(body) > COMPRESS_FROM_BYTES:
            body = gzip.compress(body, compresslevel=1)
            headers["Content-Encoding"] = "gzip"
        if time.monotonic() - self._used_at > IDLE_SECONDS:
            self.close()
        if self._connection is not None:
            with contextlib.suppress(ConnectionError, http.client.HTTPException):
                return self._exchange(request.kind, body, headers)
        return self._exchange(request.kind, body, headers)

    def close(self) -> None:
        """Close the connection; the next post opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def forget(self) -> None:
        """In a forked child: let go of the connection, which is the parent's.

        It must not be closed the usual way. The parent's thread may be reading an answer and hold
        the reader's lock, which here nobody would ever release.
        """
        connection, self._connection = self._connection, None
        if connection is not None and connection.sock is not None:
            os.close(connection.sock.detach())

    def _exchange(self, kind: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        if self._connection is None:
            self._connection = self._connect()
        try:
            self._connection.request("POST", self._path + kind, body, dict(headers))
            response = self._connection.getresponse()
            content = response.read(ANSWER_BYTES)
        except BaseException:
            self.close()
            raise
        self._used_at = time.monotonic()
        if not response.isclosed():  # more than we read: the connection cannot be used again
            self.close()
        wait = seconds_to_wait(response.headers.get("Retry-After"))
        return Answer(response.status, wait, _document(content))

    def _connect(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        return kind(self._host, self._port, timeout=self._timeout)


def _document(content: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(content)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
