"""The routes that take rows in. They read the body themselves: nothing stands between it and disk.

A framework's handling of a request costs more than the journal. So `Ingress` leads requests that
bring predictions or actuals past it; for the framework there are routes all the same, which answer
alike and make the OpenAPI document.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from time import perf_counter
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute

from monitor.core.ports import Json
from monitor.core.rows import Accepted, Body, Kind
from monitor.service.bodies import READERS
from monitor.service.deps import Rooms
from monitor.service.documents import TENSORS, answers, rows_body
from monitor.service.keys import Application, Receive, Scope, Send
from monitor.service.open_inference import as_rows
from monitor.service.passage import INLINE, Passage
from monitor.service.problems import refusal
from monitor.service.schemas import AcceptedAnswer
from monitor.service.wire import Headers, receive_body

_ABOUT = {
    Kind.PREDICTIONS: (
        "Store predictions",
        "Store what a model answered. The same `prediction_id` again changes nothing. A JSON body "
        "may also be a request of the Open Inference Protocol with its response.",
    ),
    Kind.ACTUALS: (
        "Store actuals",
        "Store what turned out to be true; before its prediction, twice or weeks late is fine.",
    ),
    Kind.REFERENCE: (
        "Replace the reference",
        "Replace the rows that count as normal; what the spec leaves out is inferred from them.",
    ),
}


class _RawRoute(APIRoute):
    """A route whose endpoint gets the request as it is, and is in OpenAPI all the same."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint itself."""
        handler: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return handler


Take = Callable[[str, Headers, Receive], Awaitable[bytes]]
"""Stores the body of a request for a model; the JSON to answer. Raises WatchkeeperError."""


class Ingress:
    """An ASGI application in front of another one: takes in what brings rows, hands on the rest."""

    def __init__(self, app: Application, rooms: Rooms) -> None:
        self._app = app
        self._takes: Mapping[tuple[str, str], Take] = {
            ("POST", str(kind)): taking(rooms, kind) for kind in (Kind.PREDICTIONS, Kind.ACTUALS)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the other application do so."""
        path: str = scope.get("path", "")
        model, _, rest = path[len(_MODELS) :].partition("/")
        take = self._takes.get((scope.get("method", ""), rest)) if model else None
        if take is None or not path.startswith(_MODELS):
            await self._app(scope, receive, send)
            return
        try:
            content = await take(model, scope["headers"], receive)
        except Exception as error:  # each has an answer of its own, and none ends the connection
            await refusal(error, "POST", path)(scope, receive, send)
            return
        head = [*_HEAD, (b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": content})


def taking(rooms: Rooms, kind: Kind) -> Take:
    """How rows of a kind are taken in."""
    store = _put(rooms) if kind is Kind.REFERENCE else _append(rooms, kind)

    async def take(model: str, headers: Headers, receive: Receive) -> bytes:
        started = perf_counter()
        with rooms.capacity.hold() as held:
            body = await receive_body(headers, receive, rooms.body_limit, held)
            done = await store(model, body)
        rooms.metrics.ingested(model, kind, done, perf_counter() - started)
        for name, value in headers:
            if name == _DROPPED and value.isdigit() and len(value) <= _DIGITS:
                rooms.metrics.dropped(model, int(value))
        return _told(done)

    return take


def add_ingestion(router: APIRouter, rooms: Rooms, kind: Kind, row: Json) -> None:
    """Add the route that takes rows of a kind; `row` is the example in every format."""
    take = taking(rooms, kind)

    async def ingest(request: Request) -> Response:
        content = await take(
            request.path_params["model"], request.scope["headers"], request.receive
        )
        return Response(content, media_type="application/json")

    summary, description = _ABOUT[kind]
    extra = rows_body(row, READERS)
    if kind is Kind.PREDICTIONS:
        extra["requestBody"]["content"]["application/json"]["examples"] |= TENSORS
    extra["parameters"] = [_MODEL, *extra["parameters"]]
    router.add_api_route(
        f"/v1/models/{{model}}/{kind}",
        ingest,
        methods=["PUT" if kind is Kind.REFERENCE else "POST"],
        summary=summary,
        description=description,
        operation_id=f"send_{kind}",
        responses=answers(AcceptedAnswer, 400, 404, 413, 415, 429, 503),
        openapi_extra=extra,
        route_class_override=_RawRoute,
        response_model=None,
    )


def _told(done: Accepted) -> bytes:
    if not done.rejected:
        return b'{"accepted":%d,"duplicates":%d,"rejected":[]}' % (done.accepted, done.duplicates)
    told = {
        "accepted": done.accepted,
        "duplicates": done.duplicates,
        "rejected": done.rejected,
    }
    return msgspec.json.encode(told)


_MODELS = "/v1/models/"
_DROPPED = b"watchkeeper-client-dropped"
_DIGITS = 15
_HEAD = ((b"content-type", b"application/json"),)
_MODEL = {"name": "model", "in": "path", "required": True, "schema": {"type": "string"}}
_Store = Callable[[str, Body], Awaitable[Accepted]]


def _append(rooms: Rooms, kind: Kind) -> _Store:
    passage = Passage(rooms.log)

    async def store(model: str, body: Body) -> Accepted:
        if kind is Kind.PREDICTIONS:
            read = partial(as_rows, body, lambda: rooms.specs.get(model), rooms.body_limit)
            small = len(body.content) < INLINE and not body.encoding
            body = read() if small else await run_in_threadpool(read)
        return await passage.store(model, kind, body)

    return store


def _put(rooms: Rooms) -> _Store:
    async def store(model: str, body: Body) -> Accepted:
        return await run_in_threadpool(rooms.references.put, model, body)

    return store
