"""Actuals in."""

from fastapi import APIRouter

from monitor.core.rows import Kind
from monitor.service.deps import Rooms
from monitor.service.ingestion import add_ingestion

_ROW = {"prediction_id": "a1", "actual": 1, "timestamp": "2026-03-03T09:00:00Z"}


def routes(rooms: Rooms) -> APIRouter:
    """POST actuals."""
    router = APIRouter(tags=["data"])
    add_ingestion(router, rooms, Kind.ACTUALS, _ROW)
    return router
