"""The door: whoever has no key stays outside."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from typing import Any

from monitor.service.problems import problem

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
"""An ASGI application, and what it is called with (asgi.readthedocs.io)."""
OPEN = frozenset({"/healthz", "/readyz"})
"""Addresses that a load balancer must reach without a key."""


class ApiKeys:
    """Lets a request through that carries one of the keys as a bearer token (RFC 6750).

    A token is compared with every key in constant time. No key at all lets everything through.
    `further` gives the digests of more keys, which may change; None where no more are asked for.
    """

    def __init__(
        self,
        app: Application,
        keys: Iterable[str],
        further: Callable[[], Sequence[bytes] | None] = lambda: None,
    ) -> None:
        self._app = app
        self._keys = [hashlib.sha256(key.encode()).digest() for key in keys]
        self._further = further

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401 where the key is missing, 403 where it is wrong."""
        if scope["type"] not in {"http", "websocket"} or scope["path"] in OPEN:
            await self._app(scope, receive, send)
            return
        further = self._further()
        if not self._keys and further is None:
            await self._app(scope, receive, send)
            return
        sent = dict(scope["headers"]).get(b"authorization", b"")
        scheme, _, token = sent.partition(b" ")
        if scheme.lower() != b"bearer" or not token.strip():
            answer = problem(
                401,
                "Key missing",
                "send one of the service's keys: Authorization: Bearer KEY",
                headers={"WWW-Authenticate": 'Bearer realm="watchkeeper"'},
            )
        elif not _holds([*self._keys, *(further or ())], token.strip()):
            answer = problem(403, "Key unknown", "the key is not one of the service's")
        else:
            await self._app(scope, receive, send)
            return
        await answer(scope, receive, send)


def _holds(keys: Sequence[bytes], token: bytes) -> bool:
    # A list, not a generator: every key is compared, so time says nothing about which.
    digest = hashlib.sha256(token).digest()
    return any([hmac.compare_digest(digest, key) for key in keys])  # noqa: C419
