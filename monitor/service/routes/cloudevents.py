"""CloudEvents in: requests and responses that a model server logs apart."""

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from monitor.core.errors import NotFoundError, WatchkeeperError
from monitor.core.halves import Half
from monitor.core.ports import Json
from monitor.core.rows import Accepted, Body, Kind, Rejection
from monitor.service.answers import JsonAnswer
from monitor.service.cloudevents import BATCH, SIDES, STRUCTURED, Event, events_of, half_of
from monitor.service.deps import Rooms
from monitor.service.documents import answers
from monitor.service.schemas import AcceptedAnswer
from monitor.service.wire import read_body

_PATHS = ("/v1/models/{model}/cloudevents", "/v1/cloudevents")
_SHARE = 4
"""Of the largest body; more than one request's rows can be in memory at a time."""
_PAYLOAD = {"instances": [{"age": 41, "gender": "Female"}]}
_EXAMPLE: Json = {
    "specversion": "1.0",
    "type": next(iter(SIDES)),
    "source": "http://localhost:9081/",
    "id": "0009174a-24a8-4603-b098-09c8799950e9",
    "time": "2026-03-01T12:00:00Z",
    "inferenceservicename": "loans",
    "namespace": "credit",
    "endpoint": "default",
    "component": "predictor",
    "datacontenttype": "application/json",
    "data": _PAYLOAD,
}
_HEADERS = ("id", "type", "source", "specversion", "time", "inferenceservicename", "namespace")
_ABOUT = """Store what a model server was asked and what it answered, as KServe's logger sends it.

Request and response are events of one id, in any order and minutes apart; the answer means that
they are on disk. They become rows when both are there, with the event's id (`-0`, `-1`, ... where
there are several rows). Ten minutes later a request is stored without a prediction, a response
without features and with `.response` in its ids. Where the address names no model, it is the
event's `inferenceservicename`. The payload is `{"instances"}` / `{"predictions"}`
or that of the Open Inference Protocol. Counted are events: the same one again is a duplicate."""


_CONTENT: Json = {
    "application/json": {"schema": {"type": "object"}, "example": _PAYLOAD},
    STRUCTURED: {"schema": {"type": "object"}, "example": _EXAMPLE},
    BATCH: {"schema": {"type": "array", "items": {"type": "object"}}, "example": [_EXAMPLE]},
}
_ATTRIBUTES = [
    {
        "name": f"ce-{name}",
        "in": "header",
        "required": False,
        "schema": {"type": "string"},
        "example": _EXAMPLE[name],
    }
    for name in _HEADERS
]
_DOCUMENTED: Json = {
    "description": _ABOUT,
    "responses": answers(AcceptedAnswer, 400, 404, 413, 415, 503),
    "openapi_extra": {
        "requestBody": {"required": True, "content": _CONTENT},
        "parameters": _ATTRIBUTES,
    },
}
"""In binary mode the attributes are headers; the other modes have them in the body."""


def routes(rooms: Rooms) -> APIRouter:
    """POST events of one model, and of any that they name."""
    router = APIRouter(tags=["data"])

    async def body_of(request: Request) -> Body:
        return await read_body(request, rooms.body_limit // _SHARE)

    @router.post(_PATHS[0], summary="Store events of a model server", **_DOCUMENTED)
    def post_events(
        model: str, request: Request, body: Annotated[Body, Depends(body_of)]
    ) -> JsonAnswer:
        rooms.specs.get(model)
        return _stored(rooms, model, body, request.headers)

    @router.post(_PATHS[1], summary="Store events of any model server", **_DOCUMENTED)
    def post_all_events(request: Request, body: Annotated[Body, Depends(body_of)]) -> JsonAnswer:
        return _stored(rooms, None, body, request.headers)

    return router


def _stored(rooms: Rooms, model: str | None, body: Body, headers: Mapping[str, str]) -> JsonAnswer:
    started = perf_counter()
    limit = rooms.body_limit // _SHARE
    halves, rejected = _halves(events_of(body, headers, limit), model, rooms, limit)
    new = rooms.halves.add(halves).result() if halves else []
    done = Accepted(sum(new), len(new) - sum(new), rejected)
    counted = halves[0].model if halves else model or "other"
    rooms.metrics.ingested(counted, Kind.PREDICTIONS, done, perf_counter() - started)
    told = {"accepted": done.accepted, "duplicates": done.duplicates, "rejected": rejected}
    return JsonAnswer(told)


def _halves(
    events: Sequence[Event], model: str | None, rooms: Rooms, limit: int
) -> tuple[list[Half], list[Rejection]]:
    """The halves of a request. One event that cannot be read fails it, one of several does not."""
    halves, rejected = [], []
    for index, event in enumerate(events):
        try:
            halves.append(half_of(event, model, rooms.specs.get, limit // len(events)))
        except WatchkeeperError as problem:
            if len(events) == 1:
                raise
            part = "model: " if isinstance(problem, NotFoundError) else ""
            rejected.append(Rejection(index, f"{part}{problem}"))
    return halves, rejected
