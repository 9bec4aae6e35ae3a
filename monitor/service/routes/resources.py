"""What serving takes, in."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from monitor.service.answers import JsonAnswer
from monitor.service.deps import Rooms
from monitor.service.documents import answers, json_body
from monitor.service.resource_wire import EXAMPLE, SCHEMA, samples_from
from monitor.service.schemas import AcceptedAnswer
from monitor.service.wire import read_json

_Document = Annotated[Any, Depends(read_json)]


def routes(rooms: Rooms) -> APIRouter:
    """POST samples."""
    router = APIRouter(tags=["data"])

    @router.post(
        "/v1/models/{model}/resources",
        summary="Memory, processor, cost and errors of the serving side",
        responses=answers(AcceptedAnswer, 400, 404, 413, 415, 503),
        openapi_extra=json_body(EXAMPLE, SCHEMA, required=True),
    )
    def post_resources(model: str, document: _Document) -> JsonAnswer:
        """Keep samples, on disk when this is answered; one version, host and moment counts once.

        `timestamp` is now where missing. `cost`, `requests` and `errors` are sums since the host's
        sample before; the rest holds at that moment. Bounds of the spec's `kpis` make alerts.
        """
        rooms.specs.get(model)
        samples, rejected = samples_from(document, rooms.clock())
        new = rooms.resources.add(model, samples)
        return JsonAnswer({"accepted": new, "duplicates": len(samples) - new, "rejected": rejected})

    return router
