"""All routes, as one router over the rooms that answer them."""

from fastapi import APIRouter

from monitor.service.deps import Rooms
from monitor.service.routes import (
    actuals,
    backtest,
    budget,
    check,
    cloudevents,
    decisions,
    findings,
    health,
    incidents,
    models,
    open_inference,
    performance,
    predict,
    predictions,
    profile,
    reference,
    report,
    resources,
    retraining,
    run_files,
    score,
    webhooks,
)

_GROUPS = (
    models,
    reference,
    predictions,
    cloudevents,
    actuals,
    resources,
    check,
    backtest,
    budget,
    findings,
    performance,
    incidents,
    profile,
    report,
    retraining,
    run_files,
    decisions,
    predict,
    score,
    webhooks,
    open_inference,
    health,
)


def create_router(rooms: Rooms) -> APIRouter:
    """Every route of the contract, answered by these rooms."""
    router = APIRouter()
    for group in _GROUPS:
        router.include_router(group.routes(rooms))
    return router
