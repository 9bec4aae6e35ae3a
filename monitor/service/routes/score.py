"""Rows judged at once and stored nowhere: for those who stop a bad input before it is answered."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from monitor.core.errors import BodyError
from monitor.core.rows import Body, Kind
from monitor.core.verdicts import RowVerdict
from monitor.service.answers import JsonAnswer
from monitor.service.bodies import READERS, decode
from monitor.service.deps import Rooms
from monitor.service.documents import answers, rows_body
from monitor.service.row_schemas import ScoreAnswer
from monitor.service.table_rows import values_of
from monitor.service.wire import read_body

MOST_ROWS = 10_000
"""Rows of one call: more are a window, and not a question."""
LEVEL = 0.001
"""The share of normal rows that are called an anomaly, unless the call says otherwise."""
_ROW = {"prediction_id": "a1", "features": {"age": 41, "gender": "Mail"}}
Level = Annotated[
    float,
    Query(gt=0, le=1, description="Share of normal rows that may be called an anomaly."),
]


def routes(rooms: Rooms) -> APIRouter:
    """POST rows to be judged."""
    router = APIRouter(tags=["judgement"])

    async def body_of(request: Request) -> Body:
        return await read_body(request, rooms.body_limit)

    @router.post(
        "/v1/models/{model}/score",
        summary="Judge rows without storing them",
        responses=answers(ScoreAnswer, 400, 404, 409, 413, 415, 503),
        openapi_extra=rows_body(_ROW, READERS),
    )
    def post_score(
        model: str, body: Annotated[Body, Depends(body_of)], level: Level = LEVEL
    ) -> JsonAnswer:
        """How unlike the reference each row is, which features make it so, and bad values.

        The body is one row or many, in any format that predictions may have, at most 10,000. A row
        is an anomaly if its `p_value` is at most the level, or if no row of the reference that was
        held out is as unlike. A row that cannot be read refuses the whole call.
        """
        rooms.specs.get(model)
        rows = decode(body, Kind.PREDICTIONS, limit=rooms.body_limit)
        for rejection in rows.rejected:
            raise BodyError(f"row {rejection.index}: {rejection.error}")
        if rows.size > MOST_ROWS:
            raise BodyError(f"{rows.size:,} rows are too many to judge at once; send {MOST_ROWS:,}")
        ids = rows.columns.get("prediction_id")
        names = [None] * rows.size if ids is None else values_of(ids)
        given = rooms.score(model, rows)
        return JsonAnswer(
            {"items": [_item(n, v, level) for n, v in zip(names, given, strict=True)]}
        )

    return router


def _item(prediction_id: str | None, verdict: RowVerdict, level: float) -> dict[str, Any]:
    return {
        "prediction_id": prediction_id,
        "anomaly": verdict.p_value <= level,
        "score": verdict.score,
        "p_value": verdict.p_value,
        "features": list(verdict.features),
        "problems": [
            {
                "feature": problem.feature,
                "detector": problem.detector,
                "message": problem.message,
                "suggestion": problem.suggestion,
            }
            for problem in verdict.problems
        ],
    }
