"""Runs, versions, and which of them answers."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from monitor.core.decisions import RetrainRequest
from monitor.core.errors import BodyError
from monitor.service.answers import JsonAnswer
from monitor.service.deps import Rooms
from monitor.service.documents import answers, json_body
from monitor.service.schemas import (
    RunAnswer,
    RunsAnswer,
    VersionAnswer,
    VersionsAnswer,
)
from monitor.service.wire import asked, read_json

_REASON = "asked for over the API"


def routes(rooms: Rooms) -> APIRouter:
    """Runs and the registry."""
    router = APIRouter(tags=["retraining"])
    _add_start(router, rooms)
    _add_runs(router, rooms)
    _add_versions(router, rooms)
    return router


def _add_start(router: APIRouter, rooms: Rooms) -> None:
    @router.post(
        "/v1/models/{model}/retrain",
        summary="Start a run",
        status_code=202,
        responses=answers(RunAnswer, 400, 404, 409, 415, 422, 503, status=202),
        openapi_extra=json_body({"reason": "new price list"}),
    )
    def post_retrain(model: str, document: Annotated[Any, Depends(read_json)]) -> JsonAnswer:
        """Start a run, or name the one that is already going; `Location` is its address."""
        rooms.specs.get(model)
        reason = asked(document, ["reason"]).get("reason")
        if not isinstance(reason, str | None):
            raise BodyError("reason: must be text")
        run = rooms.desk.start(RetrainRequest(model, reason or _REASON, rooms.clock()))
        place = {"Location": f"/v1/models/{model}/runs/{run}"}
        return JsonAnswer(rooms.desk.run(model, run), 202, place)


def _add_runs(router: APIRouter, rooms: Rooms) -> None:
    @router.get(
        "/v1/models/{model}/runs",
        summary="Runs",
        responses=answers(RunsAnswer, 400, 404),
    )
    def get_runs(model: str, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> JsonAnswer:
        """Runs, newest first; `waiting` counts requests whose run has not begun."""
        rooms.specs.get(model)
        waiting = sum(request.model == model for request in rooms.requests.waiting())
        return JsonAnswer({"items": rooms.desk.runs(model)[:limit], "waiting": waiting})

    @router.get(
        "/v1/models/{model}/runs/{run}", summary="One run", responses=answers(RunAnswer, 404)
    )
    def get_run(model: str, run: str) -> JsonAnswer:
        """Stages with times, experiments, the snapshot, the gate's verdict and its reasons."""
        rooms.specs.get(model)
        return JsonAnswer(rooms.desk.run(model, run))


def _add_versions(router: APIRouter, rooms: Rooms) -> None:
    @router.get(
        "/v1/models/{model}/versions",
        summary="Versions",
        responses=answers(VersionsAnswer, 404),
    )
    def get_versions(model: str) -> JsonAnswer:
        """Versions, newest first; `alias` says which is champion or challenger."""
        rooms.specs.get(model)
        return JsonAnswer({"items": rooms.desk.versions(model)})

    @router.post(
        "/v1/models/{model}/versions/{version}/promote",
        summary="Make a version the champion",
        responses=answers(VersionAnswer, 404, 409),
    )
    def post_promote(model: str, version: str) -> JsonAnswer:
        """Let a version answer from now on."""
        rooms.specs.get(model)
        return JsonAnswer(rooms.desk.promote(model, version))

    @router.post(
        "/v1/models/{model}/rollback",
        summary="Go back to the champion before",
        responses=answers(VersionAnswer, 404, 409),
    )
    def post_rollback(model: str) -> JsonAnswer:
        """Make the last champion before this one the champion again."""
        rooms.specs.get(model)
        return JsonAnswer(rooms.desk.rollback(model))
