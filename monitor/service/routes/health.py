"""Whether the service is there, whether it is ready, and what it counts."""

from fastapi import APIRouter, Request, Response
from prometheus_client import exposition

from monitor.core.errors import NotReadyError
from monitor.service.answers import JsonAnswer
from monitor.service.deps import Rooms
from monitor.service.documents import answers
from monitor.service.schemas import HealthAnswer

_METRICS_EXAMPLE = (
    "# HELP watchkeeper_ingest_queue_rows Rows that wait to be written to disk.\n"
    "# TYPE watchkeeper_ingest_queue_rows gauge\n"
    "watchkeeper_ingest_queue_rows 0.0\n"
)


def routes(rooms: Rooms) -> APIRouter:
    """Health, readiness and metrics."""
    router = APIRouter(tags=["service"])

    @router.get("/healthz", summary="Alive?", responses=answers(HealthAnswer, keyed=False))
    async def get_health() -> JsonAnswer:
        """The process answers; needs no key."""
        return JsonAnswer({"status": "alive"})

    @router.get("/readyz", summary="Ready?", responses=answers(HealthAnswer, 503, keyed=False))
    async def get_ready() -> JsonAnswer:
        """200 when everything acknowledged earlier can be read, 503 until then; needs no key."""
        if problem := rooms.ready():
            raise NotReadyError(problem)
        return JsonAnswer({"status": "ready"})

    text = {
        "description": "Prometheus text",
        "content": {"text/plain": {"example": _METRICS_EXAMPLE}},
    }

    @router.get("/metrics", summary="Prometheus metrics", responses={200: text})
    def get_metrics(request: Request) -> Response:
        """Every metric, in the text form that the scraper asks for."""
        encode, media_type = exposition.choose_encoder(request.headers.get("accept", ""))
        return Response(encode(rooms.registry), headers={"Content-Type": media_type})

    return router
