"""The rows that count as normal, in."""

from fastapi import APIRouter

from monitor.core.rows import Kind
from monitor.service.deps import Rooms
from monitor.service.ingestion import add_ingestion

_ROW = {
    "prediction_id": "r1",
    "timestamp": "2026-01-01T00:00:00Z",
    "features": {"age": 37, "gender": "Male"},
    "prediction": 0,
    "score": 0.12,
    "actual": 0,
}


def routes(rooms: Rooms) -> APIRouter:
    """PUT the reference."""
    router = APIRouter(tags=["data"])
    add_ingestion(router, rooms, Kind.REFERENCE, _ROW)
    return router
