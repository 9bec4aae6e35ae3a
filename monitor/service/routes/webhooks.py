"""Alerts that others raise about our models."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from monitor.core.external import Sender
from monitor.service.answers import JsonAnswer
from monitor.service.deps import Rooms
from monitor.service.documents import answers, json_body
from monitor.service.schemas import WebhookAnswer
from monitor.service.webhook_wire import ALERT_EXAMPLE, SCHEMA, alerts_of, answer_json
from monitor.service.wire import read_json

_Document = Annotated[Any, Depends(read_json)]


def routes(rooms: Rooms) -> APIRouter:
    """POST what Alertmanager or Grafana sends."""
    router = APIRouter(tags=["judgement"])

    @router.post(
        "/v1/webhooks/alertmanager",
        summary="Alerts of Alertmanager",
        responses=answers(WebhookAnswer, 400, 415, 503),
        openapi_extra=json_body(ALERT_EXAMPLE, SCHEMA, required=True),
    )
    def post_alertmanager(document: _Document) -> JsonAnswer:
        """Take a firing alert into an incident of the model that its label `model` names.

        It asks for a new model where the policy says so, and may end the incident once it is over.
        """
        return _taken(rooms, document, Sender.ALERTMANAGER)

    @router.post(
        "/v1/webhooks/grafana",
        summary="Alerts of Grafana",
        responses=answers(WebhookAnswer, 400, 415, 503),
        openapi_extra=json_body(ALERT_EXAMPLE, SCHEMA, required=True),
    )
    def post_grafana(document: _Document) -> JsonAnswer:
        """The same for a contact point of Grafana."""
        return _taken(rooms, document, Sender.GRAFANA)

    return router


def _taken(rooms: Rooms, document: object, sender: Sender) -> JsonAnswer:
    read = alerts_of(document, sender, rooms.clock())
    return JsonAnswer(answer_json(read, rooms.external([alert for _, alert in read.alerts])))
