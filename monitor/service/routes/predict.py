"""The champion answers, and what it says is logged like any other prediction."""

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from monitor.core.errors import BodyError
from monitor.core.ports import Answer, Json
from monitor.core.rows import Body, Kind, Rows
from monitor.service.answering import ask_champion
from monitor.service.answers import JsonAnswer
from monitor.service.bodies import READERS, decode
from monitor.service.deps import Rooms
from monitor.service.documents import answers, rows_body
from monitor.service.schemas import PredictAnswer
from monitor.service.table_rows import values_of
from monitor.service.wire import read_body

_ROW = {
    "prediction_id": "a1",
    "timestamp": "2026-03-01T12:00:00Z",
    "features": {"age": 41, "gender": "Female"},
}


def routes(rooms: Rooms) -> APIRouter:
    """POST rows to the champion."""
    router = APIRouter(tags=["serving"])

    async def body_of(request: Request) -> Body:
        return await read_body(request, rooms.body_limit)

    @router.post(
        "/v1/models/{model}/predict",
        summary="Ask the champion",
        responses=answers(PredictAnswer, 400, 404, 409, 413, 415, 503),
        openapi_extra=rows_body(_ROW, READERS),
    )
    def post_predict(model: str, body: Annotated[Body, Depends(body_of)]) -> JsonAnswer:
        """One answer a row, in order; it is on disk when it is given.

        The body is one row or many, in any format that predictions may have. A row that cannot be
        read refuses the whole call: nobody would know which answer was missing.
        """
        rooms.specs.get(model)
        rows = _asked(decode(body, Kind.PREDICTIONS, limit=rooms.body_limit))
        given = ask_champion(rooms, model, rows)
        return JsonAnswer({"items": [_item(r, a) for r, a in zip(rows, given, strict=True)]})

    return router


def _asked(rows: Rows) -> list[Json]:
    """The rows as the log takes them, each with an id."""
    for rejection in rows.rejected:
        raise BodyError(f"row {rejection.index}: {rejection.error}")
    features = {name: values_of(column) for name, column in rows.features.items()}
    parts = {
        name: values_of(column)
        for name, column in rows.columns.items()
        if name in {"prediction_id", "timestamp", "tags"}
    }
    done = []
    for i in range(rows.size):
        row: Json = {n: v[i] for n, v in parts.items() if v[i] is not None}
        if "timestamp" in row:
            row["timestamp"] = _milliseconds(row["timestamp"])
        row.setdefault("prediction_id", uuid.uuid4().hex)
        row["features"] = {
            name: values[i]
            for name, values in features.items()
            if name not in rows.absent or not rows.absent[name][i]
        }
        done.append(row)
    return done


def _milliseconds(microseconds: int) -> int | float:
    whole, rest = divmod(microseconds, 1000)
    return whole + rest / 1000 if rest else whole


def _item(row: Json, answer: Answer) -> dict[str, Any]:
    return {
        "prediction_id": row["prediction_id"],
        "prediction": answer.prediction,
        "score": answer.score,
        "version": answer.version,
    }
