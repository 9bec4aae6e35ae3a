"""What was judged."""

from typing import Annotated

from fastapi import APIRouter, Query

from monitor.core.ports import FindingQuery
from monitor.service.answers import JsonAnswer, finding_json
from monitor.service.deps import Rooms, span_of
from monitor.service.documents import answers
from monitor.service.judgement_schemas import FindingsAnswer


def routes(rooms: Rooms) -> APIRouter:
    """GET findings."""
    router = APIRouter(tags=["judgement"])

    @router.get(
        "/v1/models/{model}/findings",
        summary="Findings",
        responses=answers(FindingsAnswer, 400, 404),
    )
    def get_findings(
        model: str,
        start: Annotated[str | None, Query(alias="from", examples=["2026-03-01T12:00:00Z"])] = None,
        end: Annotated[str | None, Query(alias="to", examples=["2026-03-01T13:00:00Z"])] = None,
        detector: Annotated[str | None, Query(examples=["drift.univariate"])] = None,
        feature: Annotated[str | None, Query(examples=["age"])] = None,
        alert: bool | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        cursor: Annotated[int | None, Query(ge=0, le=2**63 - 1)] = None,
    ) -> JsonAnswer:
        """Findings that match all that is given, newest first; `next` is the `cursor` to go on."""
        rooms.specs.get(model)
        query = FindingQuery(
            model, span_of(start, end), detector, feature, alert, limit + 1, cursor
        )
        found = rooms.findings.find(query)
        page = found[:limit]
        more = len(found) > limit
        items = [finding_json(f) for f in page]
        return JsonAnswer({"items": items, "next": page[-1].number if more else None})

    return router
