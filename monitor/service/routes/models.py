"""Which models are watched, and how."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from monitor.core.ports import Json
from monitor.core.spec import model_name
from monitor.service.answers import JsonAnswer
from monitor.service.deps import Rooms
from monitor.service.documents import answers, json_body
from monitor.service.judgement_schemas import ModelsAnswer, SpecAnswer
from monitor.service.spec_wire import SPEC_EXAMPLE, spec_from, spec_json, spec_schema
from monitor.service.wire import read_json


def routes(rooms: Rooms) -> APIRouter:
    """PUT and GET a spec, and the list of all models."""
    router = APIRouter(tags=["models"])
    _add_put(router, rooms)
    _add_reads(router, rooms)
    return router


def _add_put(router: APIRouter, rooms: Rooms) -> None:
    @router.put(
        "/v1/models/{model}",
        summary="Register or update a model",
        responses=answers(SpecAnswer, 400, 413, 415, 422),
        openapi_extra=json_body(SPEC_EXAMPLE, spec_schema(), required=True),
    )
    def put_model(model: str, document: Annotated[Any, Depends(read_json)]) -> JsonAnswer:
        """Declare what is watched about a model, and how strictly; the answer is what now holds.

        Everything but `task` may be left out: it is then inferred from the reference.
        """
        declared = spec_from(document, rooms.known)
        return JsonAnswer(spec_json(rooms.specs.declare(model_name(model), declared)))


def _add_reads(router: APIRouter, rooms: Rooms) -> None:
    @router.get(
        "/v1/models/{model}",
        summary="The spec of a model",
        responses=answers(SpecAnswer, 404),
    )
    def get_model(model: str) -> JsonAnswer:
        """What holds for a model: declared, else inferred, else default."""
        return JsonAnswer(spec_json(rooms.specs.get(model)))

    @router.get("/v1/models", summary="Every model", responses=answers(ModelsAnswer))
    def get_models() -> JsonAnswer:
        """Every model with its spec, its champion and the number of open incidents."""
        return JsonAnswer({"items": [_item(rooms, name) for name in rooms.specs.names()]})


def _item(rooms: Rooms, model: str) -> Json:
    spec = rooms.specs.get(model)
    return {
        "model": model,
        "task": str(spec.task),
        "champion": rooms.champion.training(model).champion,
        "incidents_open": len(rooms.incidents.incidents(model, only_open=True)),
        "spec": spec_json(spec),
    }
