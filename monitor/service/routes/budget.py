"""How much of a model's budget of false alarms is spent."""

from fastapi import APIRouter

from monitor.service.answers import JsonAnswer
from monitor.service.deps import Rooms
from monitor.service.documents import answers
from monitor.service.schemas import BudgetAnswer


def routes(rooms: Rooms) -> APIRouter:
    """GET the budget."""
    router = APIRouter(tags=["judgement"])

    @router.get(
        "/v1/models/{model}/budget",
        summary="The budget of false alarms",
        responses=answers(BudgetAnswer, 404),
    )
    def get_budget(model: str) -> JsonAnswer:
        """What is accepted a month, what was to be expected, and what people called false."""
        return JsonAnswer(rooms.budget(model))

    return router
