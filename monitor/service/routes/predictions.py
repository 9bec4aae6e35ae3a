"""Predictions in, and stored rows out."""

from contextlib import suppress
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from monitor.core.errors import DiskError, QueryError
from monitor.core.rows import Kind
from monitor.service.answers import JsonAnswer
from monitor.service.deps import Rooms, span_of, whole_span
from monitor.service.documents import answers
from monitor.service.ingestion import add_ingestion
from monitor.service.schemas import RowsAnswer

_MOST_IDS = 1000
_PATIENCE = timedelta(seconds=10)
_ROW = {
    "prediction_id": "a1",
    "timestamp": "2026-03-01T12:00:00Z",
    "version": "3",
    "features": {"age": 41, "gender": "Female"},
    "prediction": 1,
    "score": 0.83,
    "latency_ms": 4.2,
    "tags": {"region": "north"},
}


def routes(rooms: Rooms) -> APIRouter:
    """POST predictions, GET stored rows."""
    router = APIRouter(tags=["data"])
    add_ingestion(router, rooms, Kind.PREDICTIONS, _ROW)

    @router.get(
        "/v1/models/{model}/predictions",
        summary="Stored rows",
        responses=answers(RowsAnswer, 400, 404, 503),
    )
    def get_predictions(
        model: str,
        ids: Annotated[str | None, Query(examples=["a1,a2"])] = None,
        start: Annotated[str | None, Query(alias="from", examples=["2026-03-01T12:00:00Z"])] = None,
        end: Annotated[str | None, Query(alias="to", examples=["2026-03-01T13:00:00Z"])] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        cursor: str | None = None,
    ) -> JsonAnswer:
        """Rows as they were sent, with their `actual`, and `raw` for values that did not fit.

        Either the rows of up to 1,000 `ids`, or those of a span, oldest first.
        """
        rooms.specs.get(model)
        span = span_of(start, end)
        with suppress(DiskError):  # what can be read is told all the same
            rooms.log.wait_folded(_PATIENCE)
        if ids is not None:
            return JsonAnswer({"items": rooms.log.by_id(model, _ids(ids)), "next": None})
        items, after = rooms.log.by_time(model, span or whole_span(), limit, cursor)
        return JsonAnswer({"items": items, "next": after})

    return router


def _ids(text: str) -> list[str]:
    ids = list(dict.fromkeys(part for part in text.split(",") if part))
    if len(ids) > _MOST_IDS:
        raise QueryError("ids", f"{len(ids)} are more than {_MOST_IDS}; ask in parts")
    return ids
