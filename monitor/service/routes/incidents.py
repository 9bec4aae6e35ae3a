"""What is wrong, who knows of it, and what is over."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from monitor.core.decisions import Incident, IncidentState
from monitor.core.errors import BodyError, ConflictError
from monitor.service.answers import JsonAnswer, incident_json
from monitor.service.deps import Rooms, span_of
from monitor.service.documents import answers, json_body
from monitor.service.judgement_schemas import IncidentAnswer, IncidentsAnswer
from monitor.service.wire import asked, read_json

_NOTE = {"note": "the new form sends income in thousands"}
_MUTE = {"until": "2026-03-02T08:00:00Z"}
_FEEDBACK = {"false_alarm": True, "note": "the month's first invoices"}
_Document = Annotated[Any, Depends(read_json)]


def routes(rooms: Rooms) -> APIRouter:
    """GET incidents; acknowledge, resolve, mute one, and say whether it was a false alarm."""
    router = APIRouter(tags=["judgement"])
    _add_list(router, rooms)
    _add_ack(router, rooms)
    _add_resolve(router, rooms)
    _add_mute(router, rooms)
    _add_feedback(router, rooms)
    return router


def _add_list(router: APIRouter, rooms: Rooms) -> None:
    @router.get(
        "/v1/models/{model}/incidents",
        summary="Incidents",
        responses=answers(IncidentsAnswer, 400, 404),
    )
    def get_incidents(
        model: str,
        is_open: Annotated[bool, Query(alias="open")] = False,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> JsonAnswer:
        """Incidents with their likely causes, newest first; `open=true` leaves out the resolved."""
        rooms.specs.get(model)
        found = rooms.incidents.incidents(model, only_open=is_open)[:limit]
        return JsonAnswer({"items": [incident_json(i) for i in found]})


def _add_ack(router: APIRouter, rooms: Rooms) -> None:
    @router.post(
        "/v1/models/{model}/incidents/{incident}/ack",
        summary="Acknowledge an incident",
        responses=answers(IncidentAnswer, 400, 404, 409, 415, 422),
        openapi_extra=json_body(_NOTE),
    )
    def post_ack(model: str, incident: str, document: _Document) -> JsonAnswer:
        """Say that somebody knows of it and looks after it, with a note if there is one."""
        with rooms.transaction():
            found = _noted(rooms.incidents.incident(model, incident), document)
            if not found.is_open:
                raise ConflictError(f"incident {incident!r} is resolved")
            found = replace(found, state=IncidentState.ACKNOWLEDGED)
            rooms.incidents.save_incident(found)
        return JsonAnswer(incident_json(found))


def _add_resolve(router: APIRouter, rooms: Rooms) -> None:
    @router.post(
        "/v1/models/{model}/incidents/{incident}/resolve",
        summary="Resolve an incident",
        responses=answers(IncidentAnswer, 400, 404, 415, 422),
        openapi_extra=json_body(_NOTE),
    )
    def post_resolve(model: str, incident: str, document: _Document) -> JsonAnswer:
        """Say that it is over, with a note if there is one. One that is over stays as it is."""
        with rooms.transaction():
            found = _noted(rooms.incidents.incident(model, incident), document)
            if found.is_open:
                found = replace(found, state=IncidentState.RESOLVED, resolved_at=rooms.clock())
                rooms.incidents.save_incident(found)
        return JsonAnswer(incident_json(found))


def _add_mute(router: APIRouter, rooms: Rooms) -> None:
    @router.post(
        "/v1/models/{model}/incidents/{incident}/mute",
        summary="Mute an incident",
        responses=answers(IncidentAnswer, 400, 404, 415, 422),
        openapi_extra=json_body(_MUTE),
    )
    def post_mute(model: str, incident: str, document: _Document) -> JsonAnswer:
        """Tell nobody of it until a moment; without `until` it is told again."""
        until = span_of(asked(document, ["until"]).get("until"), None)
        with rooms.transaction():
            found = rooms.incidents.incident(model, incident)
            found = replace(found, muted_until=until.start if until else None)
            rooms.incidents.save_incident(found)
        return JsonAnswer(incident_json(found))


def _add_feedback(router: APIRouter, rooms: Rooms) -> None:
    @router.post(
        "/v1/models/{model}/incidents/{incident}/feedback",
        summary="Say whether an incident was a false alarm",
        responses=answers(IncidentAnswer, 400, 404, 415, 422),
        openapi_extra=json_body(_FEEDBACK),
    )
    def post_feedback(model: str, incident: str, document: _Document) -> JsonAnswer:
        """Count it against the budget, or not; null takes back what was said."""
        given = asked(document, ["false_alarm", "note"])
        said = given.get("false_alarm")
        if not isinstance(said, bool | None):
            raise BodyError("false_alarm: must be true, false or null")
        with rooms.transaction():
            found = rooms.incidents.incident(model, incident)
            found = _noted(found, {"note": given.get("note")})
            found = replace(found, false_alarm=said)
            rooms.incidents.save_incident(found)
        return JsonAnswer(incident_json(found))


def _noted(incident: Incident, document: object) -> Incident:
    note = asked(document, ["note"]).get("note")
    if note is None:
        return incident
    if not isinstance(note, str):
        raise BodyError("note: must be text")
    return replace(incident, note=note)
