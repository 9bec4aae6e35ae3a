"""What was decided about a model, and why."""

from typing import Annotated

from fastapi import APIRouter, Query

from monitor.core.decisions import Decision
from monitor.core.ports import Json
from monitor.service.answers import JsonAnswer
from monitor.service.deps import Rooms
from monitor.service.documents import answers
from monitor.service.schemas import DecisionsAnswer


def routes(rooms: Rooms) -> APIRouter:
    """GET decisions."""
    router = APIRouter(tags=["retraining"])

    @router.get(
        "/v1/models/{model}/decisions",
        summary="Decisions",
        responses=answers(DecisionsAnswer, 400, 404),
    )
    def get_decisions(model: str, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> JsonAnswer:
        """What was decided about retraining and about versions on trial, and why; newest first.

        Also when it was decided not to ask for a new model. `evidence` names alerts and incidents.
        """
        rooms.specs.get(model)
        found = rooms.incidents.decisions(model, limit)
        return JsonAnswer({"items": [_decision_json(decision) for decision in found]})

    return router


def _decision_json(decision: Decision) -> Json:
    return {
        "model": decision.model,
        "retrain": decision.retrain,
        "reason": decision.reason,
        "decided_at": decision.decided_at,
        "evidence": decision.evidence,
    }
