"""Detectors, run now."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from monitor.service.answers import JsonAnswer, finding_json
from monitor.service.deps import Rooms, span_of
from monitor.service.documents import answers, json_body
from monitor.service.judgement_schemas import FindingsAnswer
from monitor.service.wire import asked, read_json

_EXAMPLE = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}


def routes(rooms: Rooms) -> APIRouter:
    """POST a check."""
    router = APIRouter(tags=["judgement"])

    @router.post(
        "/v1/models/{model}/check",
        summary="Run the detectors now",
        responses=answers(FindingsAnswer, 400, 404, 415, 422, 503),
        openapi_extra=json_body(_EXAMPLE),
    )
    def post_check(model: str, document: Annotated[Any, Depends(read_json)]) -> JsonAnswer:
        """Judge every window that starts in [from, to), all windows where neither is given.

        Waits for rows that were already acknowledged; gives alerts and non-alerts.
        """
        rooms.specs.get(model)
        given = asked(document, ["from", "to"])
        found = rooms.check(model, span_of(given.get("from"), given.get("to")))
        return JsonAnswer({"items": [finding_json(f) for f in found], "next": None})

    return router
