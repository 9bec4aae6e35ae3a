"""The report: what happened to a model over a span, as a page to keep."""

from contextlib import suppress
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from monitor.core.errors import DiskError
from monitor.service.deps import Rooms, span_of

_PATIENCE = timedelta(seconds=10)


def routes(rooms: Rooms) -> APIRouter:
    """GET a report."""
    router = APIRouter(tags=["judgement"])

    @router.get(
        "/v1/models/{model}/report",
        summary="One page about a span: what drifted, how it looks, when it began",
        response_class=HTMLResponse,
        include_in_schema=False,  # a page for people, as the console is
    )
    def get_report(
        model: str,
        start: Annotated[str | None, Query(alias="from", examples=["2026-03-01T00:00:00Z"])] = None,
        end: Annotated[str | None, Query(alias="to", examples=["2026-03-02T00:00:00Z"])] = None,
    ) -> HTMLResponse:
        """HTML with everything inside: it needs no network, and can be kept or sent.

        Without a span: over all rows. It shows findings that are there, and makes none.
        """
        rooms.specs.get(model)
        span = span_of(start, end)
        with suppress(DiskError):  # what can be read is told all the same
            rooms.log.wait_folded(_PATIENCE)
        return HTMLResponse(rooms.report(model, span))

    return router
