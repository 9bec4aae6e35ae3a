"""The champion under the Open Inference Protocol (v2), so that clients of KServe and Triton work.

Source: https://github.com/kserve/open-inference-protocol, `inference_rest.md`.
"""

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from monitor.core.errors import (
    BodyError,
    MediaTypeError,
    NoChampionError,
    NotReadyError,
    UnknownVersionError,
)
from monitor.core.ports import Json
from monitor.service.answering import ask_champion
from monitor.service.answers import JsonAnswer
from monitor.service.deps import Rooms
from monitor.service.documents import answers, json_body
from monitor.service.inference import asked_rows, read_payload
from monitor.service.served import metadata, outputs
from monitor.service.tensor_schemas import (
    InferAnswer,
    LiveAnswer,
    ModelMetadataAnswer,
    ModelReadyAnswer,
    ServerAnswer,
    ServerReadyAnswer,
)
from monitor.service.wire import read_body

_REQUEST: Json = {
    "id": "a1",
    "inputs": [
        {"name": "age", "shape": [1], "datatype": "INT64", "data": [41]},
        {"name": "gender", "shape": [1], "datatype": "BYTES", "data": ["Female"]},
    ],
}
_SCHEMA: Json = {"type": "object", "required": ["inputs"]}
_MEDIA_TYPES = ("application/json", "application/octet-stream")
"""Clients of the protocol send either for a body without binary tensors."""
_MODEL = "/v2/models/{model}"
_VERSION = _MODEL + "/versions/{version}"


def routes(rooms: Rooms) -> APIRouter:
    """Server, model metadata and readiness, inference."""
    router = APIRouter(tags=["open inference"])
    _add_server(router, rooms)
    _add_model(router, rooms)
    _add_infer(router, rooms)
    return router


def _add_server(router: APIRouter, rooms: Rooms) -> None:
    @router.get("/v2", summary="The server", responses=answers(ServerAnswer))
    def get_server() -> JsonAnswer:
        """Name and version; there are no extensions."""
        return JsonAnswer({"name": "watchkeeper", "version": "0.1.0", "extensions": []})

    @router.get("/v2/health/live", summary="Alive?", responses=answers(LiveAnswer))
    def get_live() -> JsonAnswer:
        """The process answers."""
        return JsonAnswer({"live": True})

    @router.get("/v2/health/ready", summary="Ready?", responses=answers(ServerReadyAnswer, 503))
    def get_server_ready() -> JsonAnswer:
        """200 when everything acknowledged earlier can be read, 503 until then."""
        if problem := rooms.ready():
            raise NotReadyError(problem)
        return JsonAnswer({"ready": True})


def _champion(rooms: Rooms, model: str, version: str | None = None) -> str:
    """The version that answers. Raises NoChampionError; UnknownVersionError for another one."""
    rooms.specs.get(model)
    answering = rooms.champion.training(model).champion
    if answering is None:
        raise NoChampionError(model)
    if version is not None and version != answering:
        raise UnknownVersionError(model, version, [answering])
    return answering


def _add_model(router: APIRouter, rooms: Rooms) -> None:
    @router.get(
        _VERSION + "/ready",
        summary="Does a version answer?",
        responses=answers(ModelReadyAnswer, 404, 409),
    )
    @router.get(
        _MODEL + "/ready",
        summary="Does the model answer?",
        responses=answers(ModelReadyAnswer, 404, 409),
    )
    def get_model_ready(model: str, version: str | None = None) -> JsonAnswer:
        """200 when there is a champion; 409 while there is none."""
        _champion(rooms, model, version)
        return JsonAnswer({"name": model, "ready": True})

    @router.get(
        _VERSION,
        summary="What a version takes and gives",
        responses=answers(ModelMetadataAnswer, 404, 409),
    )
    @router.get(
        _MODEL,
        summary="What a model takes and gives",
        responses=answers(ModelMetadataAnswer, 404, 409),
    )
    def get_model_metadata(model: str, version: str | None = None) -> JsonAnswer:
        """A tensor for each feature; the answers are `prediction`, `score` and `prediction_id`."""
        answering = _champion(rooms, model, version)
        return JsonAnswer(metadata(model, rooms.specs.get(model), [answering]))


def _add_infer(router: APIRouter, rooms: Rooms) -> None:
    async def document_of(request: Request) -> Any:
        body = await read_body(request, rooms.body_limit)
        if body.media_type.split(";")[0].strip().lower() not in _MEDIA_TYPES:
            raise MediaTypeError(body.media_type, _MEDIA_TYPES)
        if body.encoding not in {"", "identity"}:
            raise MediaTypeError(body.encoding, ["identity"])
        return read_payload(body.content)

    @router.post(
        _VERSION + "/infer",
        summary="Ask a version, by tensors",
        responses=answers(InferAnswer, 400, 404, 409, 413, 415, 503),
        openapi_extra=json_body(_REQUEST, _SCHEMA, required=True),
    )
    @router.post(
        _MODEL + "/infer",
        summary="Ask the champion, by tensors",
        responses=answers(InferAnswer, 400, 404, 409, 413, 415, 503),
        openapi_extra=json_body(_REQUEST, _SCHEMA, required=True),
    )
    def post_infer(
        model: str, document: Annotated[Any, Depends(document_of)], version: str | None = None
    ) -> JsonAnswer:
        """One answer a row, on disk when it is given; actuals are sent by its `prediction_id`.

        A tensor is a feature by its name, or one tensor of two axes holds a feature a column: named
        by `feature_names` in its parameters, else in the order of the spec.
        """
        _champion(rooms, model, version)
        name = _id(document)
        rows = asked_rows(document, rooms.specs.get(model), rooms.body_limit)
        asked = [{**row, "prediction_id": uuid.uuid4().hex} for row in rows]
        given = ask_champion(rooms, model, asked)
        answered: Json = {
            "model_name": model,
            "model_version": given[0].version if given else _champion(rooms, model),
            "outputs": outputs(given, [row["prediction_id"] for row in asked]),
            "parameters": {},
        }
        return JsonAnswer(answered if name is None else {**answered, "id": name})


def _id(document: object) -> str | None:
    """The id that the answer repeats. Raises BodyError if this is no request of the protocol."""
    if not isinstance(document, dict) or "inputs" not in document:
        raise BodyError('the request must be {"inputs": [tensors]}')
    name = document.get("id")
    if not isinstance(name, str | None):
        raise BodyError("id: must be text")
    return name
