"""The service's own page of metrics."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from ingestion_api.metrics.levels import LevelMetrics
from ingestion_api.routes.responses import Responses, error_responses
from ingestion_api.service import current_service

router = APIRouter(tags=["probes"])
TEXT: Responses = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


@router.get("/metrics", responses=TEXT, response_class=Response)
def metrics(request: Request) -> Response:
    """Jobs, durations, queue, workers, requests, levels that are set."""
    return _page(request, request.app.state.registry)


@router.get("/metrics/levels", responses={**TEXT, **error_responses(503)}, response_class=Response)
def levels(request: Request) -> Response:
    """Only the levels that are set: asked every second, and no page at all while they are not known."""
    registry = CollectorRegistry()
    registry.register(LevelMetrics(current_service(request)))
    return _page(request, registry)


def _page(request: Request, registry: CollectorRegistry) -> Response:
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(registry), media_type=content_type)
