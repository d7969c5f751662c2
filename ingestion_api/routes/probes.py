"""Liveness, readiness and the service's own metrics."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from sqlalchemy import text
from starlette.concurrency import run_in_threadpool

from ingestion_api.broker import NO_QUEUE
from ingestion_api.disk import data_folders, disk_shortage, scratch_folder
from ingestion_api.errors import Unavailable
from ingestion_api.metrics.level_overrides import LevelMetrics
from ingestion_api.routes.schemas import Responses, error_responses
from ingestion_api.service import current_service
from ingestion_api.store.migrate import BackgroundMigration
from ingestion_api.store.write_probe import WriteProbe
from ingestion_api.workers import workers_overview

router = APIRouter(tags=["probes"])
TEXT: Responses = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


@router.get("/-/healthy")
async def healthy() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/-/ready", responses=error_responses(503))
async def ready(request: Request) -> dict[str, str]:
    """The database can be written and its disk has room, so that pages and the webhook are served.

    The status is `degraded` and `detail` says why: without the broker jobs that were accepted wait; without
    room for clones they fail.
    """
    return await run_in_threadpool(_readiness, request)


@router.get("/-/workers", responses=error_responses(503))
def workers(request: Request) -> dict[str, str]:
    """At least one worker is online, so that jobs are done."""
    found = workers_overview(current_service(request))
    if found.health != "healthy":
        raise Unavailable(
            f"No worker is online; the best of {len(found.workers)} is {found.health}"
            f"{' and does not hear its broker' if any(it.broker_lost_at for it in found.workers) else ''}."
        )
    return {"status": f"{found.active} active"}


def _readiness(request: Request) -> dict[str, str]:
    service = current_service(request)
    check_database(request)
    settings = service.settings
    if full := disk_shortage(data_folders(settings), settings.min_free_bytes):
        raise Unavailable(full)
    if not service.broker.is_configured:
        return {"status": "ready", "detail": NO_QUEUE}
    try:
        service.broker.check()
    except Unavailable as error:
        return {"status": "degraded", "detail": error.detail}
    if full := disk_shortage((scratch_folder(settings),), settings.min_free_bytes):
        return {"status": "degraded", "detail": full}
    return {"status": "ready"}


def check_database(request: Request) -> None:
    """Pass when the database answers, has its tables and can be written; Unavailable, or what SQL raises."""
    with current_service(request).store.read() as session:
        session.execute(text("SELECT 1"))
    preparation: BackgroundMigration = request.app.state.preparation
    preparation.check()
    probe: WriteProbe = request.app.state.write_probe
    probe.check()


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
    try:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
    except (TypeError, ValueError):
        # a version there may be any text
        encode, content_type = choose_encoder("")
    return Response(encode(registry), media_type=content_type)
