"""What a run has left for people to read."""

from collections.abc import Mapping

from fastapi import APIRouter, Response

from monitor.service.answers import JsonAnswer
from monitor.service.deps import Rooms
from monitor.service.documents import answers
from monitor.service.schemas import FilesAnswer

_TYPES: Mapping[str, str] = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "md": "text/markdown; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
}
_SAFE = {"Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'"}
"""A page of somebody's data runs no script, whatever it says."""


def routes(rooms: Rooms) -> APIRouter:
    """GET the files of a run, and one of them."""
    router = APIRouter(tags=["retraining"])

    @router.get(
        "/v1/models/{model}/runs/{run}/files",
        summary="Files of a run",
        responses=answers(FilesAnswer, 404),
    )
    def get_files(model: str, run: str) -> JsonAnswer:
        """The report of what it learned from, the model card, experiments, verdict, log."""
        return JsonAnswer({"items": rooms.run_files(model, run)})

    text = {"content": {kind.partition(";")[0]: {"example": ""} for kind in _TYPES.values()}}

    @router.get(
        "/v1/models/{model}/runs/{run}/files/{name}",
        summary="One file of a run",
        response_class=Response,
        responses={**answers(FilesAnswer, 404), 200: {"description": "The file", **text}},
    )
    def get_file(model: str, run: str, name: str) -> Response:
        """The file as it is; a page stands alone and runs no script."""
        content = rooms.run_file(model, run, name)
        media_type = _TYPES.get(name.rpartition(".")[2], "application/octet-stream")
        return Response(content, headers={**_SAFE, "Content-Type": media_type})

    return router
