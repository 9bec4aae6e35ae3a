"""How good the answers were."""

from typing import Annotated

from fastapi import APIRouter, Query

from monitor.service.answers import JsonAnswer
from monitor.service.deps import Rooms, span_of
from monitor.service.documents import answers
from monitor.service.judgement_schemas import PerformanceAnswer


def routes(rooms: Rooms) -> APIRouter:
    """GET performance."""
    router = APIRouter(tags=["judgement"])

    @router.get(
        "/v1/models/{model}/performance",
        summary="KPIs, window by window",
        responses=answers(PerformanceAnswer, 400, 404, 503),
    )
    def get_performance(
        model: str,
        start: Annotated[str | None, Query(alias="from", examples=["2026-03-01T00:00:00Z"])] = None,
        end: Annotated[str | None, Query(alias="to", examples=["2026-03-02T00:00:00Z"])] = None,
    ) -> JsonAnswer:
        """Each KPI from labels that came, and estimated before they come, oldest window first."""
        rooms.specs.get(model)
        return JsonAnswer({"items": rooms.performance(model, span_of(start, end))})

    return router
