"""What features looked like."""

from contextlib import suppress
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from monitor.core.errors import DiskError
from monitor.core.profile import Profiles
from monitor.service.answers import JsonAnswer
from monitor.service.deps import Rooms, span_of
from monitor.service.documents import answers
from monitor.service.judgement_schemas import ProfileAnswer
from monitor.service.profile_wire import profiles_json

_PATIENCE = timedelta(seconds=10)


def routes(rooms: Rooms) -> APIRouter:
    """GET a profile."""
    router = APIRouter(tags=["judgement"])

    @router.get(
        "/v1/models/{model}/profile",
        summary="What the features looked like",
        responses=answers(ProfileAnswer, 400, 404, 503),
    )
    def get_profile(
        model: str,
        start: Annotated[str | None, Query(alias="from", examples=["2026-03-01T00:00:00Z"])] = None,
        end: Annotated[str | None, Query(alias="to", examples=["2026-03-02T00:00:00Z"])] = None,
    ) -> JsonAnswer:
        """Counts, nulls, moments, quantiles, a histogram and top categories over a span.

        Without a span: over all rows.
        """
        rooms.specs.get(model)
        span = span_of(start, end)
        with suppress(DiskError):  # what can be read is told all the same
            rooms.log.wait_folded(_PATIENCE)
        span = span or rooms.profiles.extent(model)
        profiles = Profiles() if span is None else rooms.profiles.profile(model, span)
        return JsonAnswer(profiles_json(profiles))

    return router
