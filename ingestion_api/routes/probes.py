"""Is the process alive, is it ready to work."""

from fastapi import APIRouter, Request
from sqlalchemy import text
from starlette.concurrency import run_in_threadpool

from ingestion_api.dispatch.broker import NO_QUEUE
from ingestion_api.problems import Unavailable
from ingestion_api.routes.answers import errors
from ingestion_api.service import Service, service_of
from ingestion_api.store.prepare import Preparation
from ingestion_api.workers.overview import overview

router = APIRouter(tags=["probes"])


@router.get("/-/healthy")
async def healthy() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/-/ready", responses=errors(503))
async def ready(request: Request) -> dict[str, str]:
    """The database answers, so that pages and the webhook are served.

    Without the broker the status is `degraded` and `detail` says so: jobs that were accepted wait.
    """
    preparation: Preparation = request.app.state.preparation
    return await run_in_threadpool(_readiness, service_of(request), preparation)


@router.get("/-/workers", responses=errors(503))
def workers(request: Request) -> dict[str, str]:
    """At least one worker is online, so that jobs are done."""
    found = overview(service_of(request))
    if found.health != "healthy":
        raise Unavailable(
            f"No worker is online; the best of {len(found.workers)} is {found.health}"
            f"{' and does not hear its broker' if any(it.broker_lost_at for it in found.workers) else ''}."
        )
    return {"status": f"{found.active} active"}


def _readiness(service: Service, preparation: Preparation) -> dict[str, str]:
    with service.store.read() as session:
        session.execute(text("SELECT 1"))
    preparation.check()
    if not service.broker.is_configured:
        return {"status": "ready", "detail": NO_QUEUE}
    try:
        service.broker.check()
    except Unavailable as error:
        return {"status": "degraded", "detail": error.detail}
    return {"status": "ready"}
