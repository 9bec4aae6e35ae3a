"""A spec tried on history: what would have alerted, stored nowhere."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from monitor.service.answers import JsonAnswer
from monitor.service.backtest_wire import EXAMPLE, QUESTION, backtest_json, question_of
from monitor.service.deps import Rooms
from monitor.service.documents import answers, json_body
from monitor.service.trial_schemas import BacktestAnswer
from monitor.service.wire import read_json


def routes(rooms: Rooms) -> APIRouter:
    """POST a backtest."""
    router = APIRouter(tags=["judgement"])

    @router.post(
        "/v1/models/{model}/backtest",
        summary="Try a spec on history",
        responses=answers(BacktestAnswer, 400, 404, 415, 422, 503),
        openapi_extra=json_body(EXAMPLE, QUESTION),
    )
    def post_backtest(model: str, document: Annotated[Any, Depends(read_json)]) -> JsonAnswer:
        """Judge every window that starts in [from, to) by `spec`, and perhaps by another beside it.

        `items` are the findings that would have alerted, newest first. `faults` puts faults of a
        given size into history and says which were seen, by which detectors and after how long.
        """
        rooms.specs.get(model)
        question = question_of(document, model, rooms)
        return JsonAnswer(backtest_json(model, rooms.backtest(model, question)))

    return router
