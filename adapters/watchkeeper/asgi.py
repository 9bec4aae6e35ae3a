"""Logs what an ASGI application answers at one path: Starlette, FastAPI, BentoML and others."""

import json
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from watchkeeper.client import Client

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Any, Receive, Send], Awaitable[None]]
Log = Mapping[str, Any]
"""Arguments of `Client.log`."""

BODY_BYTES = 1 << 20


def plain(request: Any, response: Any) -> Log:
    """Reads the simplest bodies: the features, or those under `features`; the prediction, or more.

    >>> plain({"age": 41}, {"prediction": 1, "score": 0.8})
    {'features': {'age': 41}, 'prediction': 1, 'score': 0.8}
    >>> plain({"features": {"age": 41}}, 7)
    {'features': {'age': 41}, 'prediction': 7}
    """
    features = request.get("features", request)
    if isinstance(response, Mapping):
        parts = ("prediction", "score", "prediction_id", "version")
        return {"features": features} | {name: response[name] for name in parts if name in response}
    return {"features": features, "prediction": response}


class PredictionMiddleware:
    """Logs each POST to `path` that was answered with a 2xx status.

    `mapping(request, response)` turns the two JSON bodies into the arguments of `Client.log`: one
    mapping, an iterable of them, or None for nothing to log. It runs after the answer was sent.
    Bodies pass through untouched; one longer than `limit` bytes is not logged but counted.
    """

    def __init__(
        self,
        app: Application,
        client: Client,
        *,
        path: str = "/predict",
        mapping: Callable[[Any, Any], Log | Iterable[Log] | None] = plain,
        limit: int = BODY_BYTES,
    ) -> None:
        self._app = app
        self._client = client
        self._path = path
        self._mapping = mapping
        self._limit = limit

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Pass the call on, and look on."""
        asked = scope["type"] == "http" and scope["method"] == "POST"
        if not asked or scope["path"] != self._path:
            await self._app(scope, receive, send)
            return
        call = Call(self._limit)
        await self._app(scope, call.listen(receive), call.watch(send))
        if 200 <= call.status < 300:
            self._log(call)

    def _log(self, call: "Call") -> None:
        try:
            made = self._mapping(call.request.read(), call.response.read())
            logs: Iterable[Any] = [made] if isinstance(made, Mapping) else made or ()
            for log in logs:
                self._client.log(**{"latency_ms": call.seconds * 1000, **log})
        except Exception as error:  # the answer is out: nothing here may reach the application
            self._client.complain("asgi", error)


@dataclass(slots=True)
class Content:
    """A body as it passes, kept up to a limit."""

    limit: int
    kept: bytearray = field(default_factory=bytearray)
    size: int = 0

    def add(self, part: bytes) -> None:
        """Keep a part, unless it is too much."""
        self.size += len(part)
        if self.size <= self.limit:
            self.kept += part

    def read(self) -> Any:
        """The JSON of it. Raises ValueError if it is none, or was too long to keep."""
        if self.size > self.limit:
            raise ValueError(f"a body of {self.size} bytes is too long to log")
        return json.loads(self.kept)


class Call:
    """One request and its response, while they pass."""

    def __init__(self, limit: int) -> None:
        self.request = Content(limit)
        self.response = Content(limit)
        self.status = 0
        self.seconds = 0.0
        self._start = time.perf_counter()

    def listen(self, receive: Receive) -> Receive:
        """`receive`, overheard."""

        async def overheard() -> Message:
            message: Message = await receive()
            if message["type"] == "http.request":
                self.request.add(message.get("body", b""))
            return message

        return overheard

    def watch(self, send: Send) -> Send:
        """`send`, overheard."""

        async def overheard(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                self.seconds = time.perf_counter() - self._start
            elif message["type"] == "http.response.body":
                self.response.add(message.get("body", b""))
            await send(message)

        return overheard
