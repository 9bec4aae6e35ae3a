"""Bodies read from the wire with a bound, and small JSON documents that ask for something."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from fastapi import Request

from monitor.core.errors import BodyError, BodyTooLargeError, MediaTypeError, UnknownKeyError
from monitor.core.ports import Json
from monitor.core.rows import Body
from monitor.service.capacity import Capacity, Held
from monitor.service.mending import mended
from monitor.service.nesting import check_nesting

Headers = Iterable[tuple[bytes, bytes]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
"""Of an ASGI request (asgi.readthedocs.io)."""
_PATIENCE_SECONDS = 30
SMALL = 4 << 20
"""Bytes of a spec or of a question; neither needs more."""


async def read_body(request: Request, limit: int) -> Body:
    """The body as sent. Raises BodyTooLargeError before it has read more than the limit."""
    with Capacity(limit).hold() as held:
        return await receive_body(request.scope["headers"], request.receive, limit, held)


async def receive_body(headers: Headers, receive: Receive, limit: int, held: Held) -> Body:
    """The same from the parts of an ASGI request, of which a framework makes more than is needed.

    What has come is held. Raises BodyTooLargeError before it has read more than the limit,
    UnavailableError if there is no room, BodyError if the body breaks off or stands still.
    """
    said = {b"content-length": b"", b"content-type": b"", b"content-encoding": b""}
    for name, value in headers:
        if name in said:
            said[name] = value
    declared = said[b"content-length"]
    if declared.isdigit():
        if int(declared) > limit:
            raise BodyTooLargeError(limit)
        held.expect(int(declared))
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await (_in_time(receive) if parts else receive())
        if message["type"] != "http.request":
            raise BodyError("the connection was closed before the body ended")
        parts.append(message.get("body", b""))
        if (size := size + len(parts[-1])) > limit:
            raise BodyTooLargeError(limit)
        held.grow(len(parts[-1]))
        more = message.get("more_body", False)
    return Body(
        parts[0] if len(parts) == 1 else b"".join(parts),
        said[b"content-type"].decode("latin-1") or "application/json",
        said[b"content-encoding"].decode("latin-1"),
    )


async def _in_time(receive: Receive) -> MutableMapping[str, Any]:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await receive()
    except TimeoutError:
        raise BodyError(f"the body did not go on for {_PATIENCE_SECONDS} seconds") from None


async def read_json(request: Request) -> Any:
    """The JSON document of a small body, None where there is no body.

    Raises BodyError, MediaTypeError.
    """
    body = await read_body(request, SMALL)
    if not body.content.strip():
        return None
    if body.media_type.split(";")[0].strip().lower() != "application/json":
        raise MediaTypeError(body.media_type, ["application/json"])
    if body.encoding not in {"", "identity"}:
        raise MediaTypeError(body.encoding, ["identity"])
    check_nesting(body.content)
    try:
        return mended(json.loads(body.content), body.content)
    except (ValueError, RecursionError) as problem:
        raise BodyError(f"not JSON: {problem}") from None


def asked(document: object, keys: Iterable[str]) -> Json:
    """The keys of a document that asks for something; none has to be there.

    Raises BodyError if it is no object, UnknownKeyError for a key that nobody reads.
    """
    known = list(keys)
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise BodyError("the body must be an object")
    for key in document:
        if key not in known:
            raise UnknownKeyError("body", key, known)
    return document
