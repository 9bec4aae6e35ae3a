"""The routes that take rows in. They read the body themselves: nothing stands between it and disk.

The framework's parsing of a request costs more than the journal; here it only finds the address.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
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
from monitor.service.open_inference import as_rows
from monitor.service.schemas import AcceptedAnswer
from monitor.service.wire import read_body

INLINE = 64 << 10
"""Bytes below which a body is decoded at once: handing it to a thread costs more."""
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


def add_ingestion(router: APIRouter, rooms: Rooms, kind: Kind, row: Json) -> None:
    """Add the route that takes rows of a kind; `row` is the example in every format."""
    store = _put(rooms) if kind is Kind.REFERENCE else _append(rooms, kind)

    async def ingest(request: Request) -> Response:
        started = perf_counter()
        model: str = request.path_params["model"]
        body = await read_body(request, rooms.body_limit)
        done = await store(model, body)
        rooms.metrics.ingested(model, kind, done, perf_counter() - started)
        return _answer(done)

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


def _answer(done: Accepted) -> Response:
    told = {
        "accepted": done.accepted,
        "duplicates": done.duplicates,
        "rejected": done.rejected,
    }
    return Response(msgspec.json.encode(told), media_type="application/json")


_MODEL = {"name": "model", "in": "path", "required": True, "schema": {"type": "string"}}
_Store = Callable[[str, Body], Awaitable[Accepted]]


def _append(rooms: Rooms, kind: Kind) -> _Store:
    def append(model: str, body: Body) -> "Future[Accepted]":
        if kind is Kind.PREDICTIONS:
            body = as_rows(body, lambda: rooms.specs.get(model), rooms.body_limit)
        return rooms.log.append(model, kind, body)

    async def store(model: str, body: Body) -> Accepted:
        if len(body.content) < INLINE and not body.encoding:
            waiting = append(model, body)
        else:
            waiting = await run_in_threadpool(append, model, body)
        # Shielded: a sender that hangs up must not cancel what the journal is about to write.
        return await asyncio.shield(asyncio.wrap_future(waiting))

    return store


def _put(rooms: Rooms) -> _Store:
    async def store(model: str, body: Body) -> Accepted:
        return await run_in_threadpool(rooms.references.put, model, body)

    return store
